"""The state of an example before it was adopted is real: its patch fits, and ``handrail init`` understands it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from real_runs import Project

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "chat-platform"
CHANGED = ("Makefile", "pyproject.toml", "tests/conftest.py")
NEW = ("docker-compose.yml", "Dockerfile", "pytest.ini", ".github/workflows/tests.yml")


def contents(folder: Path) -> dict[str, bytes]:
    return {each: (folder / each).read_bytes() for each in CHANGED}


def git_apply(project: Project, *options: str) -> None:
    command = ["git", "apply", *options, str(EXAMPLE / "before.patch")]
    subprocess.run(command, cwd=project.folder, check=True, capture_output=True)


@pytest.fixture
def example(project: Project) -> Path:
    """A copy of it, where its patch says that it is."""
    copy = project.folder / "examples" / EXAMPLE.name
    shutil.copytree(EXAMPLE / "tests", copy / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for each in CHANGED:
        shutil.copy(EXAMPLE / each, copy / each)
    return copy


def test_the_patch_leads_there_and_back(project: Project, example: Path) -> None:
    git_apply(project)
    there = contents(example)
    is_new = [(example / each).is_file() for each in NEW]
    git_apply(project, "-R")

    assert all(is_new)
    assert b"handrail" not in b"".join(there.values()).lower()
    assert b"pg_advisory_lock" in there["tests/conftest.py"]
    assert contents(example) == contents(EXAMPLE)
    assert not any((example / each).exists() for each in NEW)


def test_init_finds_what_was_there_and_can_be_undone(project: Project, example: Path) -> None:
    git_apply(project)
    before = contents(example)

    written = project.command("handrail", "-C", str(example), "init", "--yes")
    adopted = (example / "pyproject.toml").read_text()
    checked = project.command("handrail", "-C", str(example), "config", "check")
    undone = project.command("handrail", "-C", str(example), "init", "--undo", "--yes")

    assert written.returncode == checked.returncode == undone.returncode == 0
    for each in ("integration", "system", "load"):
        assert f"[tool.handrail.tiers.{each}]" in adopted
    for each in ("postgres", "redis"):
        assert f"[tool.handrail.services.{each}]" in adopted
    assert "note: advisory locks keep tests apart" in written.stderr
    assert contents(example) == before
