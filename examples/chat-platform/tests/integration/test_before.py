"""The state before Handrail is a patch: it still fits, and it can be taken back."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
CHANGED = ("Makefile", "pyproject.toml", "tests/conftest.py")
NEW = ("docker-compose.yml", "Dockerfile", "pytest.ini", ".github/workflows/tests.yml")


def contents(folder):
    return {each: (folder / each).read_bytes() for each in CHANGED}


def test_the_patch_leads_there_and_back(tmp_path):
    copy = tmp_path / "examples" / PROJECT.name  # where the patch says it is
    for each in CHANGED:
        (copy / each).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / each, copy / each)

    def apply(*options):
        git = ["git", "apply", *options, str(PROJECT / "before.patch")]
        subprocess.run(git, cwd=tmp_path, check=True, capture_output=True)

    apply()
    there = contents(copy)
    assert all((copy / each).is_file() for each in NEW)
    assert b"handrail" not in b"".join(there.values()).lower()
    assert b"pg_advisory_lock" in there["tests/conftest.py"]
    apply("-R")

    assert contents(copy) == contents(PROJECT)
    assert not any((copy / each).exists() for each in NEW)
