"""Whatever plain pytest tells of a suite, ``handrail run`` tells too, however the work is spread."""

import difflib
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from parity_lab import PLAIN, Lab, Told
from parity_projects import FAILING, PROJECTS, Project

EVERYTHING = "HANDRAIL_PARITY_MATRIX" in os.environ
"""Every project in every way: a quarter of an hour."""

pytestmark = pytest.mark.slow

WAYS = {
    "two workers": ("-n", "2"),
    "collected first": ("-n", "2", "--strategy", "collect-then-fork"),
    "one worker": ("-n", "1"),
    "one process": ("-n", "0"),
    "a process for each module": ("-n", "2", "--isolate", "module"),
    "a process for each test": ("-n", "2", "--isolate", "test"),
    "spawned": ("-n", "2", "--strategy", "spawn"),
}
FIRST = "two workers"
"""Tried with every project; the other ways with those that they are most likely to get wrong."""

IN_EVERY_WAY = (
    "plain", "fixtures", "skips-and-xfails", "subtests", "unittest", "doctests", "capture", "warnings",
    "hooks", "parametrised-ids", "records", "collection-errors-continued", "exceptions",
)  # fmt: skip

EXIT_CODES = {0: 0, 1: 1, 2: 1, 5: 4}
"""pytest's (passed, failed, interrupted by collection errors, nothing collected) and Handrail's."""

NOT_COMPARABLE = {
    # Module and class fixtures are set up, fail and warn once in each process.
    ("fixtures", "a process for each test"),
    ("unittest", "a process for each test"),
    ("warnings", "a process for each test"),
    # A spawned worker is a session of its own: threads are numbered anew, hooks are called there.
    ("warnings", "spawned"),
    ("hooks", "spawned"),
}
"""Where the difference is what was asked for, or is xdist's too."""


def _cases() -> list[Any]:
    return [
        pytest.param(name, way, id=f"{name}-{way}")
        for name in PROJECTS
        for way in WAYS
        if way == FIRST or (name in IN_EVERY_WAY or EVERYTHING)
        if (name, way) not in NOT_COMPARABLE
    ]


def _skip_without(needed: Project) -> None:
    missing = [each for each in needed.needs if importlib.util.find_spec(each) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def difference(expected: Sequence[str], found: Sequence[str]) -> str:
    """What only plain pytest told, and what only Handrail told; empty if they agree."""
    return "\n".join(difflib.unified_diff(expected, found, "pytest", "handrail", n=1, lineterm=""))


_plain: dict[tuple[str, bool], Told] = {}


def plain(lab: Lab, name: str, *, has_junit: bool = True) -> Told:
    """What plain pytest tells of the project; it does not change, so it is asked once."""
    if (name, has_junit) not in _plain:
        it = PROJECTS[name]
        _plain[name, has_junit] = lab.run(
            it.files, PLAIN, it.arguments, before=it.before, has_junit=has_junit
        )
    return _plain[name, has_junit]


def handrail(lab: Lab, name: str, way: str, *, has_junit: bool = True) -> Told:
    it = PROJECTS[name]
    command = ("handrail", "run", *WAYS[way], "--tests")
    given = ("--", *it.arguments)
    before = [("--", *each) for each in it.before]
    return lab.run(it.files, command, given, before=before, has_junit=has_junit)


@pytest.mark.parametrize(("name", "way"), _cases())
def test_everything_plain_pytest_tells_is_told(lab: Lab, name: str, way: str) -> None:
    _skip_without(PROJECTS[name])

    expected, found = plain(lab, name), handrail(lab, name, way)

    different = difference(expected.lines, found.lines)
    assert not different, f"{different}\n{found.stdout}{found.stderr}"
    assert found.returncode == EXIT_CODES[expected.returncode]


@pytest.mark.parametrize("way", ["two workers", "one process"])
@pytest.mark.parametrize("name", IN_EVERY_WAY)
def test_the_short_way_for_passes_tells_the_same(lab: Lab, name: str, way: str) -> None:
    """Without a plugin that listens to each report, plain passes go a shorter way."""
    _skip_without(PROJECTS[name])

    expected = plain(lab, name, has_junit=False)
    found = handrail(lab, name, way, has_junit=False)

    different = difference(expected.lines, found.lines)
    assert not different, f"{different}\n{found.stdout}{found.stderr}"
    assert found.returncode == EXIT_CODES[expected.returncode]


# What depends on which test is first is compared by what it leaves out.

STOPPING = {
    "-x": 1,
    "--maxfail=2": 2,
}


@pytest.mark.parametrize("way", ["two workers", "one worker", "one process", "collected first"])
@pytest.mark.parametrize("given", STOPPING)
def test_a_run_that_stops_early_says_so(lab: Lab, given: str, way: str) -> None:
    body = "import time\nimport pytest\n\n@pytest.mark.parametrize('n', range(30))\ndef test_n(n):\n    time.sleep(0.02)\n    assert n < 3\n"
    files = {f"test_{name}.py": body for name in "abc"}

    found = lab.run(
        files, ("handrail", "run", *WAYS[way], "--tests"), ("--", given), has_junit=False
    )

    failed = [name for name, category in found.outcomes if category == "failed"]
    workers = 2 if way in {"two workers", "collected first"} else 1
    assert STOPPING[given] <= len(failed) <= STOPPING[given] + workers - 1
    assert len(found.outcomes) < 45
    assert found.returncode == 1
    assert found.report["complete"] is False
    assert f"stopping after {len(failed)} failures" in found.log


@pytest.mark.parametrize("given", ["-x", "--maxfail=2"])
def test_one_worker_stops_where_plain_pytest_does(lab: Lab, given: str) -> None:
    expected = lab.run(FAILING, PLAIN, [given])
    found = lab.run(FAILING, ("handrail", "run", *WAYS["one worker"], "--tests"), ["--", given])

    assert found.outcomes == expected.outcomes
    assert found.last_failed == expected.last_failed


def test_subtests_count_towards_maxfail_as_in_plain_pytest(lab: Lab) -> None:
    files = {
        "test_a.py": "def test_a(subtests):\n    for n in range(2):\n        with subtests.test(n=n):\n            assert n\n\n"
        "def test_b():\n    pass\n\ndef test_c():\n    assert 0\n\ndef test_d():\n    pass\n"
    }

    expected = lab.run(files, PLAIN, ["--maxfail=2"])
    found = lab.run(
        files, ("handrail", "run", *WAYS["one worker"], "--tests"), ["--", "--maxfail=2"]
    )

    assert found.outcomes == expected.outcomes


# pytest-cov: the trap is data of workers that silently goes missing.

COVERED = {
    ".coveragerc": "[run]\nbranch = true\nsource = lib\n[report]\nshow_missing = true\n",
    "lib/__init__.py": "",
    "lib/a.py": "def f(n):\n    if n > 1:\n        return 1\n    if n < -5:\n        return 7\n    return 2\n",
    "lib/b.py": "import threading\n\ndef g():\n    def inner():\n        return 3\n    t = threading.Thread(target=inner)\n    t.start()\n    t.join()\n",
    "lib/c.py": "def h():\n    return 4\n",
    "lib/d.py": "def never():\n    return 5\n",
    "test_a.py": "from lib.a import f\n\ndef test_big():\n    assert f(2) == 1\n\ndef test_small():\n    assert f(0) == 2\n",
    "test_b.py": "def test_g():\n    from lib.b import g\n    g()\n",
    "test_c.py": "from lib.c import h\n\ndef test_h():\n    assert h() == 4\n",
}
COVERAGE = ("--cov", "--cov-report=term-missing", "--cov-config=.coveragerc")


def coverage_table(told: Told) -> list[str]:
    return [
        line for line in told.log.splitlines() if line.startswith(("lib", "TOTAL", "FAIL Required"))
    ]


@pytest.mark.skipif(
    importlib.util.find_spec("pytest_cov") is None, reason="not installed: pytest-cov"
)
class TestCoverage:
    @pytest.mark.parametrize("way", WAYS)
    def test_coverage_is_that_of_plain_pytest(self, lab: Lab, way: str) -> None:
        expected = lab.run(COVERED, PLAIN, COVERAGE, has_junit=False)
        found = lab.run(
            COVERED, ("handrail", "run", *WAYS[way], "--tests"), ("--", *COVERAGE), has_junit=False
        )

        assert coverage_table(found) == coverage_table(expected) != []

    @pytest.mark.parametrize("strategy", ["auto", "spawn"])
    def test_coverage_survives_a_worker_that_crashes(self, lab: Lab, strategy: str) -> None:
        crash = {
            "test_z.py": "import os\nimport pytest\n\n@pytest.mark.parametrize('n', range(3))\ndef test_z(n):\n    if n == 1:\n        os._exit(1)\n"
        }

        expected = lab.run(COVERED, PLAIN, COVERAGE, has_junit=False)
        found = lab.run(
            COVERED | crash,
            ("handrail", "run", "-n", "1", "--strategy", strategy, "--tests"),
            ("--", *COVERAGE),
            has_junit=False,
        )

        assert coverage_table(found) == coverage_table(expected)
        assert found.returncode == 1

    def test_a_threshold_missed_is_a_failure(self, lab: Lab) -> None:
        found = lab.run(
            COVERED, ("handrail", "run", "-n", "2", "--tests"),
            ("--", *COVERAGE, "--cov-fail-under=99"), has_junit=False,
        )  # fmt: skip

        assert found.returncode == 1
        assert "FAIL Required test coverage" in found.stdout + found.stderr

    def test_nothing_of_coverage_is_left_in_the_project(self, lab: Lab, tmp_path: Path) -> None:
        lab.run(
            COVERED, ("handrail", "run", "-n", "2", "--tests"), ("--", *COVERAGE), has_junit=False
        )

        left = {path.name for path in (tmp_path / "run1" / "project").glob(".coverage*")}
        assert left == {".coverage", ".coveragerc"}


@pytest.mark.skipif(
    importlib.util.find_spec("pytest_randomly") is None, reason="not installed: pytest-randomly"
)
def test_a_random_order_is_that_of_its_seed(lab: Lab) -> None:
    given = (
        "-p",
        "randomly",
        "-p",
        "no:cacheprovider",
        "-p",
        "randomly",
        "-v",
        "--randomly-seed=7",
    )
    files = {
        name: text + "\nimport random\n\ndef test_random():\n    assert random.random() < 0\n"
        for name, text in FAILING.items()
    }

    expected = lab.run(files, PLAIN, given)
    found = lab.run(files, ("handrail", "run", "-n", "2", "--tests"), ("--", *given))

    assert difference(expected.lines, found.lines) == ""
