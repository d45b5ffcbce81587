"""Runs in the background, as those see them who started them: by ``state.json``, and by processes."""

import json
import os
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import commands
import records
from commands import BrokenRunError, Command, Project

VARIABLES: Mapping[str, str] = {"HANDRAIL_PLACE": "local", "HANDRAIL_AGENT": "0"}
"""As at a person's machine, whoever measures: in CI no run is left to a supervisor."""
LOOK_S = 0.02
PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Background:
    """A run that its supervisor goes on with."""

    folder: Path

    @property
    def state(self) -> dict[str, Any]:
        """What it says about itself."""
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_bytes())
        return found

    @property
    def verdict_at(self) -> float:
        """When its verdict could be read, epoch seconds. Raises: BrokenRunError unless it passed."""
        state = self.state
        if state["state"] != "finished" or state["document"]["exit_code"] != 0:
            raise BrokenRunError(f"run {self.folder.name} did not pass\n{state['text']}")
        return (self.folder / "state.json").stat().st_mtime

    def wait_until(self, is_so: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Its state as soon as it is like that. Raises: BrokenRunError if it never is."""
        ends_at = time.monotonic() + PATIENCE_S
        while not is_so(state := self.state):
            if state["state"] == "finished" or time.monotonic() > ends_at:
                raise BrokenRunError(f"run {self.folder.name}: {state['text']}")
            time.sleep(LOOK_S)
        return state

    def wait_for_end(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until its supervisor has ended; ``meanwhile`` is called again and again.

        Raises: BrokenRunError if that takes too long.
        """
        ends_at = time.monotonic() + PATIENCE_S
        try:
            supervisor = os.pidfd_open(self.state["owner"]["pid"])
        except ProcessLookupError:
            return
        try:
            while not select.select([supervisor], [], [], LOOK_S)[0]:
                meanwhile()
                if time.monotonic() > ends_at:
                    raise BrokenRunError(f"run {self.folder.name} goes on: {self.state['text']}")
        finally:
            os.close(supervisor)


def command(project: Project, *words: str, exits: frozenset[int] = commands.TESTS_RAN) -> Command:
    """A command of handrail that starts no run."""
    script = project.environment.script("handrail")
    return Command(label=f"handrail {' '.join(words)}", words=(script, *words), exits=exits)


def starting(project: Project, workers: int) -> Command:
    """``handrail start``."""
    script = project.environment.script("handrail")
    words = (script, "start", "-n", str(workers))
    return Command(label="handrail start", words=words, leaves_run=True, exits=frozenset({0}))


def seconds(each: Command, project: Project) -> float:
    """How long a command takes. Raises: BrokenRunError."""
    return commands.run_to_the_end(each, project, variables=VARIABLES).wall_s


def newest(project: Project) -> Background:
    """The run that was started last."""
    run_id = records.newest_run(project.folder)
    if run_id is None:
        raise BrokenRunError("handrail left no run")
    return Background(project.folder / ".handrail" / "runs" / run_id)


@contextmanager
def started(project: Project, workers: int) -> Iterator[Background]:
    """A run in the background; stopped in the end if it still goes on."""
    seconds(starting(project, workers), project)
    run = newest(project)
    try:
        yield run
    finally:
        commands.run(command(project, "stop", run.folder.name), project, variables=VARIABLES)
