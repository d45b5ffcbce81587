"""What ``handrail init`` does to real projects: nothing but what it says, and nothing to their tests.

    python bench/adoption.py            # all, and a table
    python bench/adoption.py click flask

Each project is a source distribution as its authors published it. In a copy: which tests does pytest
collect; ``init --yes``; is everything outside of our blocks as it was, is the configuration valid, is a
second ``init`` nothing to do, are the same tests collected, and does ``init --undo`` leave every file as
it was, byte for byte? Then ``init --pytest-ini``, which brings its own proof, or says why it cannot.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environment
import real_suites
import tables
from environment import FetchError
from real_suites import Prepared, RealSuite

MORE = (
    RealSuite(
        name="flask", version="3.1.3", kind="web framework", requirements=("python-dotenv", "asgiref")
    ),
    RealSuite(name="pexpect", version="4.9.0", kind="settings in setup.cfg"),
    RealSuite(name="wcwidth", version="0.9.4", kind="settings in tox.ini",
              requirements=("pytest-cov", "pytest-codspeed", "pytest-benchmark")),
    RealSuite(name="tenacity", version="9.2.1", kind="retries, asyncio and tornado",
              requirements=("pytest-asyncio", "tornado", "trio", "typeguard")),
)  # fmt: skip
LIMIT_S = 600.0
_MADE = {".handrail", ".hypothesis", "__pycache__", "htmlcov"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of one project. Each text is empty if all is well, or says what is not."""

    name: str
    tests: int
    """Collected before; 0: cannot be collected here."""
    tiers: str
    init_s: float
    outside: str
    check: str
    again: str
    collected: str
    undone: str
    moved: str
    """What became of pytest's settings."""

    @property
    def faults(self) -> list[str]:
        """What is not well."""
        parts = (self.outside, self.check, self.again, self.collected, self.undone)
        return [each for each in parts if each]


def main(names: Sequence[str]) -> int:
    """Print the table. Exit 1 if anything is not as it should be."""
    suites = [each for each in (*real_suites.SUITES, *MORE) if not names or each.name in names]
    found = []
    for suite in suites:
        try:
            prepared = real_suites.prepare(suite)
        except FetchError as error:
            print(f"{suite.name}: {error}", file=sys.stderr)
            continue
        found.append(adopted(prepared))
        print(f"{suite.name}: {found[-1]}", file=sys.stderr, flush=True)
    header = ("project", "tests", "tiers", "init", "faults", "pytest's settings")
    rows = [
        (each.name, str(each.tests or "none"), each.tiers, f"{each.init_s:.2f} s",
         "; ".join(each.faults) or "none", each.moved)
        for each in found
    ]  # fmt: skip
    print(tables.markdown(header, rows))
    return int(any(each.faults for each in found))


def adopted(prepared: Prepared) -> Found:
    """Adopt one project in a copy, and take it back."""
    suite = prepared.suite
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, suite.name)
        environment.unpack(environment.fetch(suite.name, suite.version), folder)
        before, ids = _files(folder), _ids(prepared, folder)
        settings = _settings(folder)
        began = time.monotonic()
        done = _handrail(prepared, folder, "init", "--yes", "--json")
        init_s = time.monotonic() - began
        wrong = done.stderr.strip() or _outside(folder, before, json.loads(done.stdout)["changes"])
        if _settings(folder) != settings:
            wrong = "pyproject.toml differs outside of our table"
        tiers = _tiers(folder)
        checked = _handrail(prepared, folder, "config", "check")
        again = _handrail(prepared, folder, "init")
        ids_after = _ids(prepared, folder)
        _handrail(prepared, folder, "init", "--undo", "--yes")
        return Found(
            name=suite.name,
            tests=len(ids),
            tiers=tiers,
            init_s=init_s,
            outside=wrong,
            check=checked.stderr.strip(),
            again="" if again.stdout.strip() == "nothing to do" else "init twice differs",
            collected=_difference(ids, ids_after),
            undone="" if _files(folder) == before else "not undone",
            moved=_moved(prepared, folder),
        )


def _handrail(
    prepared: Prepared, folder: Path, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    return _run(prepared, folder, [prepared.environment.script("handrail"), *arguments])


def _run(
    prepared: Prepared, folder: Path, command: Sequence[str]
) -> "subprocess.CompletedProcess[str]":
    variables = prepared.environment.variables()
    variables |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}  # sets in one order
    return subprocess.run(
        command, cwd=folder, env=variables, check=False, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=LIMIT_S,
    )  # fmt: skip


def _ids(prepared: Prepared, folder: Path) -> list[str]:
    """As plain pytest collects them, without us: no tier keeps any of them away."""
    suite = prepared.suite
    done = _run(prepared, folder, [
        prepared.environment.script("pytest"), "--collect-only", "--verbosity=-1", "-p", "no:handrail",
        "-p", "no:cacheprovider", *suite.arguments, *suite.paths,
    ])  # fmt: skip
    return [line for line in done.stdout.partition("\n\n")[0].splitlines() if "::" in line]


def _difference(before: list[str], after: list[str]) -> str:
    if before == after:
        return ""
    if sorted(before) == sorted(after):
        return "another order"
    return f"{len(set(before) - set(after))} tests gone, {len(set(after) - set(before))} new"


def _files(folder: Path) -> dict[str, str]:
    """Every file by its path, with a hash of what it holds; not what running tests makes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _MADE & set(path.parts) and not path.name.startswith(".coverage")
    }


def _outside(folder: Path, before: dict[str, str], changes: Sequence[dict[str, str]]) -> str:
    """What differs beside the changes that were shown, or was taken away by them."""
    shown = {each["path"] for each in changes}
    now = _files(folder)
    differing = {path for path in {*before, *now} if before.get(path) != now.get(path)}
    if differing != shown:
        return f"changed without being shown: {sorted(differing ^ shown)}"
    for each in changes:
        gone = [line for line in each["diff"].splitlines()[2:] if line.startswith("-")]
        if gone and "\\ No newline at end of file" not in each["diff"]:
            return f"{each['path']} lost {gone}"
    return ""


def _settings(folder: Path) -> dict[str, object]:
    """``pyproject.toml`` but for our table; without a table that holds nothing else."""
    document = _document(folder)
    tools = {name: each for name, each in document.pop("tool", {}).items() if name != "handrail"}
    return document | ({"tool": tools} if tools else {})


def _document(folder: Path) -> dict[str, Any]:
    path = folder / "pyproject.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def _tiers(folder: Path) -> str:
    document = _document(folder)
    return ", ".join(document.get("tool", {}).get("handrail", {}).get("tiers", {}))


def _moved(prepared: Prepared, folder: Path) -> str:
    """What ``init --pytest-ini`` says of the project as it was published."""
    done = _handrail(prepared, folder, "init", "--pytest-ini", "--yes", "--json")
    if done.returncode:
        return done.stderr.splitlines()[0].removeprefix("error: ")
    answer = json.loads(done.stdout)
    if not answer["changes"]:
        return "nothing to move"
    return f"{answer['changes'][-1]['path']} moved; {answer['proof'].partition(' are')[0]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
