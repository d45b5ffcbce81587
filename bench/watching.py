"""The case about ``handrail run --watch``: from saving a test to reading its verdict."""

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import background
import commands
import environment
import suites
import targets
from cases import CaseResult, Effort
from commands import BrokenRunError, Project
from rounds import take_turns

IMPORTED = ("fastapi", "sqlalchemy")
IDLE = re.compile(rb"watching \d+ files: save one")
VERDICT = re.compile(rb"^[A-Z_]+ exit=(\d+) .*\n", re.MULTILINE)
PATIENCE_S = 120.0
MODULE = "test_saved.py"


def save_to_verdict(effort: Effort) -> list[CaseResult]:
    """One test whose conftest imports much, next to plain pytest. Raises: FetchError."""
    requirements = (*IMPORTED, *environment.RUNNERS)
    root = environment.ROOT
    made = environment.create(environment.TOOLS / "watch", requirements, editable=(root,))
    with TemporaryDirectory(prefix="bench-web-") as name:
        folder = Path(name)
        suites.generate("web", folder)
        project = Project(name="watch", folder=folder, environment=made, paths=(MODULE,))
        plain = commands.plain(project)
        with _watched(project) as watcher:
            jobs = {
                "pytest": lambda: background.seconds(plain, project),
                "handrail run --watch, a save": watcher.save,
            }
            measured = take_turns("watch", jobs, rounds=2 * effort.rounds)
    pytest, saved = measured
    figures = [
        targets.figure("watch", targets.SAVED, saved.ratio(pytest)),
        targets.figure("watch", targets.SAVED_S, saved.wall_s),
    ]
    return [CaseResult(name="watch", measured=measured, figures=figures)]


@dataclass(slots=True)
class Watcher:
    """``handrail run --watch`` between two rounds."""

    project: Project
    process: "subprocess.Popen[bytes]"
    numbers: Iterator[int]
    shown: bytes = b""
    """Since the last save."""

    def save(self) -> float:
        """Seconds from saving the test to reading its verdict; returns when it waits again."""
        text = f"{suites.SAVED}\n# saved {next(self.numbers)} times\n"
        self.shown = b""
        began = time.perf_counter()
        (self.project.folder / MODULE).write_text(text)
        verdict = self.read_until(VERDICT)
        wall_s = time.perf_counter() - began
        if verdict[1] != b"0":
            raise BrokenRunError(self.shown.decode(errors="replace"))
        self.read_until(IDLE)
        return wall_s

    def read_until(self, wanted: re.Pattern[bytes]) -> re.Match[bytes]:
        """Read until it is shown. Raises: BrokenRunError if it never is."""
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        ends_at = time.monotonic() + PATIENCE_S
        while (found := wanted.search(self.shown)) is None:
            left_s = max(0.0, ends_at - time.monotonic())
            is_ready = select.select([descriptor], [], [], left_s)[0]
            chunk = os.read(descriptor, 1 << 16) if is_ready else b""
            if not chunk:
                raise BrokenRunError(f"--watch: {self.shown.decode(errors='replace')}")
            self.shown += chunk
        return found


@contextmanager
def _watched(project: Project) -> Iterator[Watcher]:
    """After its first round."""
    process = subprocess.Popen(
        [project.environment.script("handrail"), "run", "--watch"],
        cwd=project.folder,
        env={**project.environment.variables(), **background.VARIABLES},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    watcher = Watcher(project, process, count(1))
    try:
        watcher.read_until(IDLE)
        yield watcher
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
