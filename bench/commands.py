"""The commands that are compared, and running one of them."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import records
from environment import Environment

XDIST_MODES = ("load", "worksteal", "loadfile")
"""Each is measured; the best of them is what handrail is compared with."""

WITHOUT_HANDRAIL = ("-p", "no:handrail")


TESTS_RAN = frozenset({0, 1})
"""Exit codes of pytest and of handrail that say: the tests ran to their end."""


class BrokenRunError(Exception):
    """A command did not run its tests to their end: its time says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Where tests are run: a folder, what to name on the command line, and the Python to use."""

    name: str
    folder: Path
    environment: Environment
    paths: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


UNLIKE = "Different tests were collected between"
"""What xdist says, with the exit code of a failed test, where parameters come from sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One way to run a project's tests."""

    label: str
    words: tuple[str, ...]
    leaves_run: bool = False
    """Whether it must leave a handrail run behind: a traceback at start exits with 1 as well."""
    exits: frozenset[int] = TESTS_RAN
    """Exit codes with which it has done what it was to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended. ``exit_code`` is None if it was killed at the limit."""

    wall_s: float
    exit_code: int | None
    output: str = field(repr=False)


def plain(project: Project, *extra: str) -> Command:
    """Plain pytest, without handrail's plugin."""
    words = (*_pytest(project), *WITHOUT_HANDRAIL, *extra, *project.paths)
    return Command(label="pytest", words=words)


def xdist(project: Project, workers: int, mode: str, *extra: str) -> Command:
    """pytest-xdist in one of its modes, without handrail's plugin."""
    parallel = ("-n", str(workers), "--dist", mode)
    words = (*_pytest(project), *WITHOUT_HANDRAIL, *parallel, *extra, *project.paths)
    return Command(label=f"xdist {mode}", words=words)


def handrail(project: Project, workers: int) -> Command:
    """Handrail with that many workers; 0: everything in one process."""
    script = project.environment.script("handrail")
    after = ("--", *project.arguments) if project.arguments else ()
    words = (script, "run", *project.paths, "-n", str(workers), *after)
    return Command(label=f"handrail -n{workers}", words=words, leaves_run=True)


def run(
    command: Command,
    project: Project,
    *,
    variables: Mapping[str, str] | None = None,
    limit_s: float = 900,
) -> Finished:
    """Run a command in its project's folder and wait for it.

    Its output goes to a file, so that no pipe slows it down. What it leaves running in its own
    session is killed at the limit only.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        started = time.perf_counter()
        child = subprocess.Popen(
            command.words,
            cwd=project.folder,
            env={**project.environment.variables(), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        exit_code = _wait(child, limit_s)
        wall_s = time.perf_counter() - started
        output.seek(0)
        return Finished(wall_s=wall_s, exit_code=exit_code, output=output.read())


def run_to_the_end(
    command: Command,
    project: Project,
    *,
    variables: Mapping[str, str] | None = None,
    limit_s: float = 900,
) -> Finished:
    """Like ``run``, for a command whose time or results are to be used.

    Raises: BrokenRunError, with the end of its output, unless its tests ran.
    """
    before = records.newest_run(project.folder)
    finished = run(command, project, variables=variables, limit_s=limit_s)
    if finished.exit_code is None:
        how = f"did not end within {limit_s:g} s"
    elif finished.exit_code not in command.exits:
        how = f"exited with {finished.exit_code}"
    elif command.leaves_run and records.newest_run(project.folder) == before:
        how = "left no run"
    elif UNLIKE in finished.output:
        how = "ran nothing: its workers did not collect the same tests"
    else:
        return finished
    raise BrokenRunError(f"{' '.join(command.words)} {how}\n{finished.output[-2000:]}")


def _pytest(project: Project) -> Sequence[str]:
    return (project.environment.script("pytest"), *project.arguments)


def _wait(child: subprocess.Popen[bytes], limit_s: float) -> int | None:
    """Its exit code as soon as it has ended: ``Popen.wait`` with a limit looks every 50 ms only."""
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        os.killpg(child.pid, signal.SIGKILL)

    timer = threading.Timer(limit_s, end)
    timer.start()
    try:
        code = child.wait()
    finally:
        timer.cancel()
    return None if is_late.is_set() else code
