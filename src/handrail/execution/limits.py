"""What a run may use here, and the end of a worker with all that it has started. Linux first."""

import contextlib
import os
import signal
from collections.abc import Collection, Mapping
from pathlib import Path

from handrail.system import processes

PREPARING_S = 600.0
"""What may be taken to prepare the services of a test, which is not the test's time."""
STACKS_SIGNAL = getattr(signal, "SIGRTMAX", signal.SIGUSR2) - (
    3 if hasattr(signal, "SIGRTMAX") else 0
)
"""Makes a worker write the stacks of its threads; a real-time signal, which tests hardly ever use."""


def kill_tree(pid: int, mark: bytes = b"", pipe: int = 0, *, started: Collection[int] = ()) -> None:
    """SIGKILL to the group of ``pid``, to its descendants, and to orphans that are known as its own.

    What a test started in a session of its own, and whose parent has ended, is known by ``mark``,
    a piece of its environment (``NAME=VALUE``), or, if it was forked only, by holding ``pipe`` open
    (its inode). ``started``: children of this process that are no orphans; one that was forked just
    now may hold any pipe that this process holds.
    """
    parents = processes.all_parents()
    doomed = processes.descendants(pid, parents)
    processes.signal_group(pid, signal.SIGKILL)
    orphans = _orphans(mark, pipe, parents) - set(started) if mark else set()
    processes.kill_all({pid} | doomed | orphans)


def _orphans(mark: bytes, pipe: int, parents: Mapping[int, int]) -> set[int]:
    """Children of this process that are known by ``mark`` or ``pipe``."""
    me = os.getpid()
    return {
        pid
        for pid, parent in parents.items()
        if parent == me and (mark in processes.environment_of(pid) or (pipe and _holds(pid, pipe)))
    }


def _holds(pid: int, pipe: int) -> bool:
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for name in names:
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/fd/{name}") == f"pipe:[{pipe}]":
                return True
    return False


def available_processors() -> float:
    """Processors that this process may use: affinity and cgroup quota."""
    if hasattr(os, "sched_getaffinity"):
        count = float(len(os.sched_getaffinity(0)))
    else:
        count = float(os.cpu_count() or 1)
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            count = min(count, int(quota) / int(period))
    return count
