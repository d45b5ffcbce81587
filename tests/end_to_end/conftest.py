"""A project for each test."""

from collections.abc import Generator
from pathlib import Path

import pytest
from real_runs import Project


@pytest.fixture
def project(tmp_path: Path) -> Generator[Project]:
    folder, home = tmp_path / "project", tmp_path
    folder.mkdir()
    (home / "tmp").mkdir()
    made = Project(folder, home)
    made.put("pyproject.toml", '[project]\nname = "some-project"\nversion = "1"\n')
    yield made
    made.kill_left()
