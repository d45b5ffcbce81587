"""End processes for good, and see how much memory they use. Linux first; elsewhere what POSIX gives."""

import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from handrail.system import processes

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

STACKS_SIGNAL = getattr(signal, "SIGRTMAX", signal.SIGUSR2) - (
    3 if hasattr(signal, "SIGRTMAX") else 0
)
"""Makes a worker write the stacks of its threads; a real-time signal, which tests hardly ever use."""


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none can get away."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed when the process that started this one ends, however it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError, ImportError):
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def memory_bytes(pid: int) -> int:
    """Resident memory of a process; 0 if it is gone or the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group that ``pid`` leads; a group that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_tree(pid: int, mark: bytes = b"", pipe: int = 0) -> None:
    """SIGKILL to the group of ``pid``, to its descendants, and to orphans that are known as its own.

    What a test started in a session of its own, and whose parent has ended, is known by ``mark``,
    a piece of its environment (``NAME=VALUE``), or, if it was forked only, by holding ``pipe`` open
    (its inode).
    """
    parents = _parents()
    doomed = _below(pid, parents)
    signal_group(pid, signal.SIGKILL)
    kill_all({pid} | doomed | (_orphans(mark, pipe, parents) if mark else set()))


def kill_all(pids: set[int]) -> None:
    """SIGKILL to each; one that is gone is fine, one that tidies up by itself is left to do so."""
    for pid in pids:
        if processes.tidies(pid):
            continue
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> set[int]:
    """Process ids below ``pid``, at any depth."""
    return _below(pid, _parents())


def orphans(mark: bytes, pipe: int = 0) -> set[int]:
    """Children of this process that it did not start: adopted, and known by ``mark`` or ``pipe``."""
    return _orphans(mark, pipe, _parents())


def _below(pid: int, parents: Mapping[int, int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for each, parent in parents.items():
        children.setdefault(parent, []).append(each)
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _orphans(mark: bytes, pipe: int, parents: Mapping[int, int]) -> set[int]:
    me = os.getpid()
    return {
        pid
        for pid, parent in parents.items()
        if parent == me and (mark in _environment(pid) or (pipe and _holds(pid, pipe)))
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


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _parents() -> dict[int, int]:
    parents: dict[int, int] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return parents
    for name in names:
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                stat = Path(f"/proc/{name}/stat").read_bytes()
                parents[int(name)] = int(stat.rpartition(b")")[2].split()[1])
    return parents


def thread_count() -> int:
    """How many threads this process has, as the kernel counts; 1 if it does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


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


def available_memory_bytes() -> int | None:
    """Memory that could be used without swapping; None if the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None
