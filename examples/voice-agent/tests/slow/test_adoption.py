"""From the state before Handrail to a run that is green: ``handrail init``, and what it proposes."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KEPT = ("src", "tests", "compose.yaml", "justfile", "pyproject.toml")


@pytest.fixture
def before(tmp_path):
    """The project as it was."""
    for name in KEPT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    subprocess.run(["git", "apply", ROOT / "before.patch"], cwd=tmp_path, check=True)
    return tmp_path


def handrail(folder, *arguments):
    """What it prints."""
    command = Path(sys.executable).with_name("handrail")
    done = subprocess.run(
        [command, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def settings(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text())["tool"]


def test_pytest_ini_moves_and_the_same_tests_are_collected(before):
    said = handrail(before, "init", "--pytest-ini", "--yes")

    assert "proof: the same" in said
    assert not (before / "pytest.ini").exists()
    assert "system: needs all of them" in settings(before)["pytest"]["ini_options"]["markers"]


def test_init_proposes_what_is_here_now_as_far_as_it_can_know(before):
    handrail(before, "init", "--pytest-ini", "--yes")
    handrail(before, "init", "--yes")

    proposed, now = settings(before)["handrail"], settings(ROOT)["handrail"]
    assert set(proposed["tiers"]) <= set(now["tiers"])
    assert set(proposed["services"]) == {"redis"}


def test_what_it_proposes_runs(before):
    handrail(before, "init", "--pytest-ini", "--yes")
    handrail(before, "init", "--yes")
    (before / "tests" / "unit" / "test_before.py").unlink()  # it wants the patch beside it

    assert "PASSED exit=0" in handrail(before, "run", "tests/unit", "-n", "0")


def test_init_can_be_taken_back(before):
    was = (before / "pyproject.toml").read_bytes()

    handrail(before, "init", "--yes")
    handrail(before, "init", "--undo", "--yes")

    assert (before / "pyproject.toml").read_bytes() == was
