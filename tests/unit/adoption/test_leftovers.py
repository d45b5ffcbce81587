"""What other ways to run tests have left is found, with its places, and nothing else is."""

from pathlib import Path

import pytest

from handrail.adoption.inventory import Inventory
from handrail.adoption.leftovers import leftovers
from handrail.adoption.sources import understood

ROOT = Path(__file__).resolve().parents[3]
SOURCES = {
    "@fixture\nasync def locked(db):\n    await db('SELECT pg_advisory_lock(1)')": "advisory locks",
    "@pytest.mark.xdist_group('a')\ndef test(): pass": "xdist_group",
    "@pytest.fixture\ndef server():\n    time.sleep(1)": "a fixture or a conftest sleeps",
    "@pytest.mark.flaky(reruns=3)\ndef test(): pass": "flaky(reruns=...)",
}
HARMLESS = (
    "def test():\n    time.sleep(1)",
    "@pytest.mark.flaky\ndef test(): pass",
    "@fixture\ndef locked(db):\n    db('SELECT pg_lock()')",
    "def test(db):\n    db('SELECT pg_advisory_lock(1)')",
    "this is no Python",
)
SETTINGS = {
    "timeout = 60": "pytest-timeout",
    "reruns = 2": "pytest-rerunfailures",
    "addopts = -n auto": "workers of pytest-xdist",
    "addopts = -q --dist=loadgroup": "distribution of pytest-xdist",
    "addopts = --timeout=3": "pytest-timeout",
    "addopts = -m 'not slow'": "a selection",
}


@pytest.mark.parametrize("text", SOURCES)
def test_what_stands_in_a_source_is_named_with_its_line(text: str) -> None:
    (note,) = leftovers(Inventory(sources=(understood("tests/test_a.py", text),)))

    assert SOURCES[text] in note.what
    assert note.where.startswith("tests/test_a.py:")
    assert (ROOT / note.page).exists()


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_none_is_not_named(text: str) -> None:
    assert list(leftovers(Inventory(sources=(understood("tests/test_a.py", text),)))) == []


@pytest.mark.parametrize("line", SETTINGS)
def test_what_stands_in_settings_is_named(line: str) -> None:
    (note,) = leftovers(Inventory(files={"pytest.ini": f"[pytest]\n{line}\n"}))

    assert SETTINGS[line] in note.what
    assert note.where.startswith("pytest.ini [pytest]: ")
    assert (ROOT / note.page).exists()


def test_whatever_a_conftest_does_prepares_tests() -> None:
    text = "def wait():\n    sleep(1)\n\n\ndef lock(db):\n    db('select pg_try_advisory_xact_lock(1)')"

    notes = leftovers(Inventory(sources=(understood("tests/conftest.py", text),)))

    assert [note.where for note in notes] == ["tests/conftest.py:6", "tests/conftest.py:2"]


def test_settings_that_pytest_does_not_read_are_not_looked_at() -> None:
    files = {"pytest.ini": "[pytest]\n", "setup.cfg": "[tool:pytest]\ntimeout = 3\n"}

    assert list(leftovers(Inventory(files=files))) == []


def test_a_command_that_groups_tests_is_found_in_workflows_and_makefiles() -> None:
    files = {
        "Makefile": "test:\n\tpytest -n 4 --dist loadgroup\n",
        ".github/workflows/ci.yml": "run: pytest --dist=loadgroup\n",
    }

    (note,) = leftovers(Inventory(files=files))

    assert note.where == "Makefile:2\n.github/workflows/ci.yml:1"
