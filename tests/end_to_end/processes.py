"""Processes as the kernel tells of them, and waiting for what they do."""

import array
import contextlib
import fcntl
import json
import os
import signal
import termios
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from real_runs import PATIENCE_S, Project

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], what: str | Callable[[], str]) -> Found:
    """The first answer that is not empty. Raises: AssertionError when patience is over."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = look()
        if found:
            return found
        is_late = time.monotonic() > deadline
        assert not is_late, f"waited in vain for {what if isinstance(what, str) else what()}"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether it has ended; a zombie has."""
    return _stat(pid)[:1] in ([], ["Z"], ["X"])


def wait_until_gone(pids: Iterable[int]) -> None:
    for pid in pids:
        wait_for(lambda pid=pid: is_gone(pid), f"the end of process {pid}")


def children(pid: int) -> list[int]:
    """Processes whose parent it is."""
    numbers = [int(each.name) for each in Path("/proc").glob("[0-9]*")]
    return [each for each in numbers if _stat(each)[1:2] == [str(pid)]]


def tree(pid: int) -> list[int]:
    """It and everything below it, found as tools find what they have started: by parents."""
    found = [pid]
    for each in found:
        found += children(each)
    return found


def terminal_of(pid: int) -> int:
    """The device that controls it; 0 if none does."""
    return int(_stat(pid)[4])


def kill(*pids: int, number: signal.Signals = signal.SIGKILL) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def state(project: Project) -> dict[str, Any]:
    """What the latest run says about itself; empty if it has not said anything yet."""
    found: dict[str, Any] = json.loads(project.latest("state.json") or "{}")
    return found


def supervisor(project: Project) -> int:
    """Of the latest run."""
    return int(state(project)["owner"]["pid"])


def session(project: Project) -> int:
    """The process of pytest in the latest run."""
    keeper = int(state(project)["keeper"]["pid"])
    (found,) = [each for each in children(supervisor(project)) if each != keeper]
    return found


def unread_events(session: int) -> int:
    """Bytes in the pipe to its supervisor."""
    command = Path(f"/proc/{session}/cmdline").read_text().split("\0")
    sink = command[2].partition(",")[2]
    descriptor = os.open(f"/proc/{session}/fd/{sink}", os.O_RDONLY | os.O_NONBLOCK)
    try:
        waiting = array.array("i", [0])
        fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
        return waiting[0]
    finally:
        os.close(descriptor)


def finished(project: Project) -> list[str]:
    """Tests that the log of the latest run says have finished, in that order."""
    events = map(json.loads, project.latest("events.ndjson").splitlines())
    return [each["test"] for each in events if each["event"] == "TestFinished"]


def _stat(pid: int) -> list[str]:
    """State, parent, group, session, ...; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []
