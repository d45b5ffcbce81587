"""A project for each test."""

import signal
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from gated import gated, open_gate, start
from real_runs import Project


@pytest.fixture
def project(tmp_path: Path) -> Generator[Project]:
    folder, home = tmp_path / "project", tmp_path
    folder.mkdir()
    (home / "tmp").mkdir()
    made = Project(folder, home)
    made.put("pyproject.toml", '[project]\nname = "some-project"\nversion = "1"\n')
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # what is started below nohup ignores it
    yield made
    signal.signal(signal.SIGHUP, before)
    made.kill_left()


@pytest.fixture
def project_with_plugins(project: Project) -> Project:
    """Pytest loads every plugin that is installed."""
    return replace(project, has_plugins=True)


@pytest.fixture(scope="session")
def docker_daemon() -> Generator[tuple[str, dict[str, str]]]:
    """The one of this session: its ``DOCKER_HOST``, and the images that it has by service."""
    from daemons import daemon, images

    with daemon() as name:
        yield name, images(name)


@pytest.fixture
def run(project: Project) -> Generator[str]:
    """The id of a run that stands at its gate."""
    gated(project)
    yield start(project)
    open_gate(project)
