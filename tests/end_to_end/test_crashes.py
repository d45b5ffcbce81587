"""Tests and modules that break the process they run in: it costs them, and nobody else."""

import os
import sys
from collections.abc import Mapping

import pytest
from real_runs import Project, Run

NOTE = """
import os

RAN = os.environ["RAN"]

def note(name):
    descriptor = os.open(RAN, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{name}\\n".encode())
    os.close(descriptor)
"""
"""Written by each test as it begins, whatever becomes of its process."""

MODULE = """
from note import note
{before}

def test_before():
    note("before")

{fixtures}

def test_bad({arguments}):
    note("bad")
{body}

def test_after():
    note("after")
"""

IN_THE_TEST = {
    "exit-zero": "import os\nos._exit(0)",
    "exit-three": "import os\nos._exit(3)",
    "segmentation-fault": "import ctypes\nctypes.string_at(0)",
    "abort": "import os\nos.abort()",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "terminated": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
}
if sys.version_info < (3, 12):  # later ones raise RecursionError before the stack is used up
    IN_THE_TEST["stack-overflow"] = (
        "import sys\nsys.setrecursionlimit(10**9)\ndef f():\n    return max([0], key=lambda _: f())\nf()"
    )
HARMLESS = {
    "closes-all-descriptors": "import os\nos.closerange(3, 256)",
    "closes-stdout": "import os\nos.close(1)",
    "closes-stdout-and-stderr": "import os\nos.close(1)\nos.close(2)",
    "changes-folder": "import os\nos.chdir('/')",
    "removes-its-folder": "import os, tempfile\nfolder = tempfile.mkdtemp()\nos.chdir(folder)\nos.rmdir(folder)",
    "prints-binary": "import sys\nsys.stdout.buffer.write(bytes(range(256)))",
    "writes-binary": "import os\nos.write(1, bytes(range(256)))",
    "prints-surrogates": "print('\\udcff \\x1b[2J \\x00')",
    "forks-and-exits": "import os\npid = os.fork()\nif not pid:\n    os._exit(0)\nos.waitpid(pid, 0)",
    "forks-and-returns": "import os\nif os.fork():\n    os.wait()",
    "forks-and-raises": "import os\nif not os.fork():\n    raise ValueError('in the child')\nos.wait()",
    "reaps-everybody": "import os\ntry:\n    os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError:\n    pass",
    "leaves-a-thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
    "ignores-signals": "import signal\nfor n in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):\n    signal.signal(n, signal.SIG_IGN)",
    "clears-environment": "import os\nos.environ.clear()",
    "changes-limits": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (40, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))",
    "new-session": "import os\ntry:\n    os.setsid()\nexcept OSError:\n    pass",
}
FAILING = {
    "exits-python": ("import sys\nsys.exit(3)", "SystemExit"),
    "repr-raises": (
        "class Rude(Exception):\n    def __repr__(self):\n        raise RuntimeError\n    __str__ = __repr__\nraise Rude",
        "Rude",
    ),
    "local-repr-raises": (
        "class Rude:\n    def __repr__(self):\n        raise RuntimeError\nrude = Rude()\nassert not rude",
        "AssertionError",
    ),
    "recursion": ("def f():\n    f()\nf()", "RecursionError"),
    "memory-error": ("raise MemoryError", "MemoryError"),
    "unpicklable": ("class E(Exception):\n    hook = lambda self: 0\nraise E(lambda: 0)", "E"),
    "unreadable-source": ("exec(compile('1/0', 'no-such-file.py', 'exec'))", "ZeroDivisionError"),
}


def module(body: str = "pass", *, before: str = "", fixtures: str = "", arguments: str = "") -> str:
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    return MODULE.format(before=before, fixtures=fixtures, arguments=arguments, body=indented)


def suite(project: Project, bad: str) -> None:
    """The bad module and a good one, which has more tests than a worker is handed at once."""
    project.put("note.py", NOTE)
    project.put("test_bad.py", bad)
    project.put(
        "test_good.py",
        "import pytest\nfrom note import note\n\n"
        "@pytest.mark.parametrize('n', range(20))\ndef test_good(n):\n    note(f'good{n}')\n",
    )


def run(project: Project, *arguments: str, timeout_s: float = 60.0, **environ: str) -> Run:
    return project.run(
        *arguments, timeout_s=timeout_s, RAN=str(project.folder / "ran.txt"), **environ
    )


GOOD = {f"test_good.py::test_good[{n}]" for n in range(20)}
MATES = {"test_bad.py::test_before", "test_bad.py::test_after"}


def once(*extra: str) -> Mapping[str, int]:
    """Every test of the suite ran exactly once."""
    return dict.fromkeys(["before", "bad", "after", *(f"good{n}" for n in range(20)), *extra], 1)


@pytest.mark.parametrize("kind", IN_THE_TEST)
def test_a_crash_costs_the_test_that_caused_it(project: Project, kind: str) -> None:
    suite(project, module(IN_THE_TEST[kind]))

    found = run(project)

    assert found.returncode == 1, found.stderr
    assert found.failures["test_bad.py::test_bad"]["kind"] == "crash"
    assert found.passed == GOOD | MATES
    assert project.counts() == once()
    assert found.report["complete"] is True
    assert found.left == []


@pytest.mark.parametrize(
    "way", [("--strategy", "collect-then-fork"), ("-n", "1"), ("--isolate", "test")]
)
def test_a_crash_costs_one_test_however_the_work_is_spread(
    project: Project, way: tuple[str, ...]
) -> None:
    suite(project, module(IN_THE_TEST["killed"]))

    found = run(project, *way)

    assert found.passed == GOOD | MATES
    assert found.outcomes["test_bad.py::test_bad"] == "failed"
    assert project.counts() == once()


@pytest.mark.parametrize("phase", ["set-up", "tear-down"])
def test_a_crash_in_a_fixture_costs_its_test(project: Project, phase: str) -> None:
    ends = "    os._exit(7)\n    yield" if phase == "set-up" else "    yield\n    os._exit(7)"
    fixtures = f"import os, pytest\n\n@pytest.fixture\ndef fatal():\n{ends}\n"
    suite(project, module(fixtures=fixtures, arguments="fatal"))

    found = run(project)

    assert found.returncode == 1
    assert found.outcomes["test_bad.py::test_bad"] in {"failed", "error"}
    assert found.passed == GOOD | MATES
    ran = once() if phase == "tear-down" else {k: v for k, v in once().items() if k != "bad"}
    assert project.counts() == ran


def test_a_crash_in_a_module_fixtures_end_costs_the_last_test_of_it(project: Project) -> None:
    fixtures = (
        "import os, pytest\n\n@pytest.fixture(scope='module', autouse=True)\n"
        "def fatal():\n    yield\n    os._exit(7)\n"
    )
    suite(project, module(fixtures=fixtures))

    found = run(project)

    assert found.returncode == 1
    assert found.outcomes["test_bad.py::test_after"] in {"failed", "error"}
    assert found.passed == GOOD | {"test_bad.py::test_before", "test_bad.py::test_bad"}
    assert project.counts() == once()


@pytest.mark.parametrize(
    "ends",
    ["import os\nos._exit(0)", "import ctypes\nctypes.string_at(0)", "import os\nos.kill(os.getpid(), 9)"],
    ids=["exit", "segmentation-fault", "killed"],
)  # fmt: skip
@pytest.mark.parametrize("strategy", ["auto", "collect-then-fork"])
def test_a_module_that_ends_its_process_at_import_is_a_collection_error(
    project: Project, ends: str, strategy: str
) -> None:
    suite(project, module(before=ends))
    project.write(test_third="def test_third():\n    pass\n")

    found = run(project, "--strategy", strategy, "--", "--continue-on-collection-errors")

    assert found.returncode in {1, 2}
    assert "test_bad.py" in found.stdout
    if strategy == "auto":
        assert found.passed == GOOD | {"test_third.py::test_third"}
    assert found.left == []


def test_sys_exit_at_import_is_what_it_is_in_plain_pytest(project: Project) -> None:
    suite(project, module(before="import sys\nsys.exit(3)"))

    plain = project.pytest("-q", RAN=os.devnull)
    found = run(project)

    assert plain.returncode == 3
    assert found.returncode in {1, 2}
    assert found.passed == set()
    assert "SystemExit" in found.stdout + found.log
    assert found.left == []


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_a_test_does_to_its_process_costs_nobody(project: Project, kind: str) -> None:
    suite(project, module(HARMLESS[kind]))

    found = run(project)

    mates = {"test_bad.py::test_bad", *MATES}
    assert found.passed >= GOOD, found.stdout
    assert set(found.outcomes) == GOOD | mates
    assert mates <= found.passed or kind.startswith("closes"), found.stdout
    assert project.counts() == once()
    assert found.left == []


@pytest.mark.parametrize("kind", FAILING)
def test_an_unusual_exception_is_a_failure_like_any(project: Project, kind: str) -> None:
    body, exception = FAILING[kind]
    suite(project, module(body))

    found = run(project)

    assert found.returncode == 1, found.stderr + found.log
    assert found.failures["test_bad.py::test_bad"]["exception"].endswith(exception)
    assert found.passed == GOOD | MATES
    assert project.counts() == once()


def test_a_keyboard_interrupt_in_a_test_stops_the_run_and_names_the_test(project: Project) -> None:
    suite(project, module("raise KeyboardInterrupt"))

    found = run(project)

    assert found.returncode == 130
    assert found.report["verdict"] == "stopped"
    assert "test_bad.py::test_bad" in found.stdout
    assert found.report["complete"] is False
    assert found.left == []


def test_pytest_exit_in_a_test_stops_the_run_with_its_reason(project: Project) -> None:
    suite(project, module("import pytest\npytest.exit('enough of this', returncode=9)"))

    found = run(project)

    assert found.returncode != 0
    assert "enough of this" in found.stdout
    assert found.report["complete"] is False
    assert found.left == []


def test_threads_started_at_import_of_a_module_harm_nobody(project: Project) -> None:
    start = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"
    suite(project, module(before=start))

    found = run(project)

    assert found.returncode == 0, found.stdout
    assert project.counts() == once()
    assert found.left == []


def test_threads_started_by_a_conftest_harm_nobody(project: Project) -> None:
    project.put(
        "conftest.py",
        """
        import threading, time

        lock = threading.Lock()

        def hold():
            with lock:
                time.sleep(1000)

        threading.Thread(target=hold, daemon=True).start()
        """,
    )
    suite(project, module())

    found = run(project)

    assert found.returncode == 0, found.stdout + found.log
    assert project.counts() == once()
    assert found.passed == GOOD | MATES | {"test_bad.py::test_bad"}


@pytest.mark.slow
def test_a_test_that_takes_too_much_memory_is_killed_and_named(project: Project) -> None:
    suite(project, module("x = bytearray(1 << 30)\nimport time\ntime.sleep(30)"))

    found = run(project, "--memory", "200MiB")

    assert found.returncode == 1
    assert found.failures["test_bad.py::test_bad"]["kind"] == "memory"
    assert "200" in found.failures["test_bad.py::test_bad"]["message"]
    assert found.passed == GOOD | MATES
    assert project.counts() == once()
    assert found.elapsed_s < 15


@pytest.mark.slow
def test_a_test_that_takes_memory_quickly_and_returns_is_found_out(project: Project) -> None:
    suite(project, module("x = b'x' * (1 << 29)\ny = b'y' * (1 << 29)"))

    found = run(project, "--memory", "200MiB")

    assert found.outcomes["test_bad.py::test_bad"] == "failed"
    assert found.passed == GOOD | MATES


@pytest.mark.slow
def test_a_session_that_grows_too_much_is_told_of(project: Project) -> None:
    project.put("pyproject.toml", '[tool.handrail]\ngrowth = "50MiB"\n[tool.handrail.tiers.fast]\n')
    suite(project, module("import builtins\nbuiltins.kept = b'x' * (150 << 20)"))

    found = run(project)

    assert found.returncode == 1
    assert found.passed == GOOD | MATES | {"test_bad.py::test_bad"}
    assert "grew" in found.stdout


@pytest.mark.slow
def test_a_million_lines_of_output_end_in_a_bounded_report(project: Project) -> None:
    suite(
        project, module("for n in range(10**6):\n    print('line', n)\nassert False, 'at the end'")
    )

    found = run(project, AI_AGENT="1")

    assert found.returncode == 1
    assert "at the end" in found.stdout
    assert len(found.stdout.encode()) <= 8000
    assert "line 999999" in str(found.report["failures"])
    events = project.latest("events.ndjson")
    assert len(events) < 2_000_000
    assert len(str(found.report)) < 500_000
    assert found.passed == GOOD | MATES


def test_what_a_crashed_test_printed_is_kept(project: Project) -> None:
    suite(project, module("print('last words', flush=True)\nimport os\nos._exit(3)"))

    found = run(project)

    assert "last words" in found.failures["test_bad.py::test_bad"]["output_tail"]


def test_every_worker_may_crash_more_than_once(project: Project) -> None:
    project.put("note.py", NOTE)
    for name in "abcd":
        project.put(
            f"test_{name}.py",
            "import os, pytest\nfrom note import note\n\n@pytest.mark.parametrize('n', range(6))\n"
            f"def test_n(n):\n    note(f'{name}{{n}}')\n    if n % 2:\n        os._exit(1)\n",
        )

    found = run(project)

    assert project.counts() == dict.fromkeys([f"{m}{n}" for m in "abcd" for n in range(6)], 1)
    assert sorted(found.outcomes.values()) == ["failed"] * 12 + ["passed"] * 12
    assert found.returncode == 1


def test_a_grandchild_does_not_outlive_the_run(project: Project) -> None:
    suite(
        project,
        module("import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)"),
    )

    found = run(project)

    assert found.returncode == 0
    assert found.left == []
