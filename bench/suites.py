"""Generated suites: plain pytest projects, each of which stresses one thing.

``python bench/suites.py trivial FOLDER`` writes one by hand. Nothing in them depends on the time or
the machine: what is CPU-bound is calibrated by iterations, and only waits are given in seconds.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

SETUP_LOG = "BENCH_SETUP_LOG"
"""Environment variable: a file to which each set-up of a module fixture appends one line."""

OPEN = "open"
"""The file that a gated suite waits for."""

SAVED = """\
def test_saved(application, engine):
    assert application.routes
    assert engine.dialect.name == "sqlite"
"""

HANG_LIMIT_S = 1
"""How long a hanging test may take, by its own ``@pytest.mark.timeout``."""

HANGS: Mapping[str, str] = {
    "python_loop": """
        while True:
            pass
    """,
    "sleep_in_c": """
        time.sleep(600)
    """,
    "sigalrm_ignored": """
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while True:
            time.sleep(0.1)
    """,
    "signals_blocked": """
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            time.sleep(0.1)
    """,
    "regular_expression": """
        re.match("(a+)+$", "a" * 64 + "b")
    """,
    "gil_held_in_c": """
        ctypes.PyDLL(None).sleep(600)
    """,
    "except_base_exception": """
        while True:
            try:
                time.sleep(0.1)
            except BaseException:
                pass
    """,
    "dead_lock": """
        first, second, barrier = threading.Lock(), threading.Lock(), threading.Barrier(2)

        def take(one, other):
            with one:
                barrier.wait()
                with other:
                    pass

        threading.Thread(target=take, args=(second, first), daemon=True).start()
        take(first, second)
    """,
    "subprocess": """
        subprocess.run(["sleep", "600"])
    """,
    "huge_integer": """
        7 ** (10**9)
    """,
}
"""The ten kinds of hang: the body of a test by its name."""


def trivial(folder: Path, tests: int = 10_000, modules: int = 100) -> None:
    """Tests that cost nothing: what is left is the runner."""
    each = tests // modules
    body = "".join(f"def test_{n:03}():\n    assert 1 + 1 == 2\n\n\n" for n in range(each))
    _modules(folder, modules, body)


def imports(folder: Path, modules: int = 200) -> None:
    """A conftest that imports much, as an application's does; 20 tests in each module."""
    _write(
        folder / "conftest.py",
        """
        import asyncio
        import concurrent.futures
        import ctypes
        import decimal
        import email.message
        import email.parser
        import html.parser
        import http.client
        import http.cookiejar
        import http.server
        import logging.config
        import multiprocessing.pool
        import smtplib
        import sqlite3
        import ssl
        import tarfile
        import unittest.mock
        import urllib.request
        import xml.dom.minidom
        import xml.etree.ElementTree
        import xmlrpc.client
        import zipfile

        import pytest


        @pytest.fixture
        def number():
            return 1
        """,
    )
    head = "import asyncio\nimport json\nimport sqlite3\nimport unittest.mock\n\n\n"
    tests = (
        f"def test_{n:02}(number):\n    assert json.loads(json.dumps({n})) == number + {n - 1}\n"
        for n in range(20)
    )
    body = head + "\n\n".join(tests)
    _modules(folder, modules, body)


def cpu(folder: Path, modules: int = 40, tests: int = 30, iterations: int = 100_000) -> None:
    """Tests bound by the processor: about 5 ms each on a machine of 2020."""
    work = f"def work():\n    assert sum(n * n for n in range({iterations})) > 0\n\n\n"
    calls = "\n\n".join(f"def test_{n:02}():\n    work()\n" for n in range(tests))
    _modules(folder, modules, work + calls)


def fixtures(folder: Path, modules: int = 60, tests: int = 5) -> None:
    """A dear module fixture; each set-up is written to the file that ``SETUP_LOG`` names."""
    head = dedent(
        f"""
        import os
        import time

        import pytest


        @pytest.fixture(scope="module")
        def server():
            time.sleep(0.3)
            if log := os.environ.get("{SETUP_LOG}"):
                with open(log, "a") as file:
                    file.write(f"{{__name__}}\\n")
            yield
        """
    )
    calls = "\n\n".join(f"def test_{n}(server):\n    time.sleep(0.02)\n" for n in range(tests))
    _modules(folder, modules, f"{head}\n\n{calls}")


def one(folder: Path) -> None:
    """One test: what starting up costs."""
    _modules(folder, 1, "def test_one():\n    assert True\n")


def slow_last(folder: Path, modules: int = 50) -> None:
    """500 tests of 10 ms, and one of 5 s that comes last."""
    short = "import time\n\n\n" + "\n\n".join(
        f"def test_{n}():\n    time.sleep(0.01)\n" for n in range(10)
    )
    _modules(folder, modules, short)
    _write(folder / "test_slow.py", "import time\n\n\ndef test_slow():\n    time.sleep(5)\n")


def hangs(folder: Path) -> None:
    """Ten tests that hang, each in its own way, each with a neighbour before and after it."""
    head = "import ctypes, re, signal, subprocess, threading, time\n\nimport pytest\n\n\n"
    for name, body in HANGS.items():
        lines = dedent(body).strip().replace("\n", "\n    ")
        _write(
            folder / f"test_{name}.py",
            f"{head}def test_before():\n    pass\n\n\n"
            f"@pytest.mark.timeout({HANG_LIMIT_S})\ndef test_hang():\n    {lines}\n\n\n"
            "def test_after():\n    pass\n",
        )
    _settings(folder, "markers =\n    timeout(seconds): how long the test may take")


def crash(folder: Path, modules: int = 100) -> None:
    """10,000 trivial tests; the one in the middle ends its process."""
    trivial(folder, modules=modules)
    _write(
        folder / f"test_{modules // 2:03}.py",
        "import os\n\n\n"
        + "\n\n".join(
            f"def test_{n:03}():\n    {'os._exit(3)' if n == 50 else 'assert True'}\n"
            for n in range(100)
        ),
    )


def idle(folder: Path) -> None:
    """1,000 trivial tests: to see what an idle plugin costs."""
    trivial(folder, tests=1_000, modules=10)


def trivial_50k(folder: Path) -> None:
    """Five times ``trivial``: to see whether anything grows faster than the suite."""
    trivial(folder, tests=50_000, modules=500)


def busy(folder: Path) -> None:
    """1,500 CPU-bound tests: about 5 s on two processors, with none to spare."""
    cpu(folder, modules=50)


def gated(folder: Path, tests: int) -> None:
    """So many trivial tests, and one in the last module that waits until the file ``OPEN`` is there."""
    body = f"import pytest\n\n\n@pytest.mark.parametrize('n', range({tests // 10}))\ndef test(n):\n    pass\n"
    _modules(folder, 10, body)
    _write(
        folder / "test_gate.py",
        f"""
        import os
        import time


        def test_gate():
            while not os.path.exists("{OPEN}"):
                time.sleep(0.05)
        """,
    )


def web(folder: Path) -> None:
    """One test in a project whose conftest imports what many web applications do."""
    _write(
        folder / "conftest.py",
        """
        import fastapi
        import pytest
        import sqlalchemy
        import sqlalchemy.orm


        @pytest.fixture
        def application():
            return fastapi.FastAPI()


        @pytest.fixture
        def engine():
            return sqlalchemy.create_engine("sqlite://")
        """,
    )
    _write(folder / "test_saved.py", SAVED)


GENERATORS: Mapping[str, Callable[[Path], None]] = {
    "trivial": trivial,
    "imports": imports,
    "cpu": cpu,
    "fixtures": fixtures,
    "one": one,
    "slow-last": slow_last,
    "hangs": hangs,
    "crash": crash,
    "idle": idle,
    "trivial-50k": trivial_50k,
    "busy": busy,
    "gated-100": lambda folder: gated(folder, 100),
    "gated-100k": lambda folder: gated(folder, 100_000),
    "web": web,
}


def generate(name: str, folder: Path) -> None:
    """Write the suite of that name into a folder, with settings of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    _settings(folder, "")
    _write(folder / "pyproject.toml", "")
    GENERATORS[name](folder)


def _settings(folder: Path, options: str) -> None:
    _write(folder / "pytest.ini", f"[pytest]\n{options}\n")


def _modules(folder: Path, count: int, body: str) -> None:
    for number in range(count):
        _write(folder / f"test_{number:03}.py", body)


def _write(path: Path, text: str) -> None:
    path.write_text(dedent(text).lstrip("\n"))


def main() -> None:
    """Write one suite into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=GENERATORS)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    generate(arguments.suite, arguments.folder)


if __name__ == "__main__":
    main()
