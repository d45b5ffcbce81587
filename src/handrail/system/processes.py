"""Processes: whose they are, what they use, and their end. Linux; elsewhere what POSIX gives."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterable, Iterator

TIDIES = "handrail-keep"
"""The name of a process that ends by itself, and tidies up, when the one that it serves is gone."""
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none can get away."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed when the process that started this one ends, however it ends.

    Changing the user undoes it: call it afterwards.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def call_itself(name: str) -> None:
    """Choose the name of this process that others see, at most 15 bytes."""
    with contextlib.suppress(OSError, AttributeError, ImportError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_NAME, ctypes.create_string_buffer(name.encode()), 0, 0, 0)


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError, ImportError):
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def below(pid: int) -> set[int]:
    """Process ids below ``pid``, at any depth, ended ones that nobody has waited for included."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in _children(waiting.pop()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
                yield from map(int, file.read().split())


def name_of(pid: int) -> str:
    """What a process is called; empty if it is gone."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", errors="replace") as file:
        return file.read().strip()
    return ""


_EXITING = 0x4
"""PF_EXITING of the kernel."""
_KILL_PENDING = 1 << (signal.SIGKILL - 1)


def is_ending(pid: int) -> bool:
    """Whether it has ended, or cannot but end: it was killed, and the kernel is about to see to it."""
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/status", errors="replace") as file:
            pending = [line.split()[1] for line in file if line.startswith(("SigPnd:", "ShdPnd:"))]
    except (OSError, IndexError):
        return True
    is_exiting = fields[0] in {"Z", "X"} or int(fields[6]) & _EXITING
    return bool(is_exiting) or any(int(each, 16) & _KILL_PENDING for each in pending)


def working_folder(pid: int) -> str:
    """Where a process works; empty if it is gone or somebody else's."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def tidies(pid: int) -> bool:
    """Whether it must not be killed, because it ends by itself and takes more along than a kill would."""
    return name_of(pid) == TIDIES


def let_tidy(pids: Iterable[int], within_s: float = 5.0) -> None:
    """Wait until those of these that tidy have done so, all of them children of this process; kill
    them if it takes too long.
    """
    left = {pid for pid in pids if tidies(pid)}
    ends_at = time.monotonic() + within_s
    for pid in left:
        descriptor = pidfd(pid)
        if descriptor >= 0:
            select.select([descriptor], [], [], max(0.0, ends_at - time.monotonic()))
            os.close(descriptor)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def kill_all(pids: Iterable[int]) -> None:
    """SIGKILL to each; one that is gone is fine."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def private_bytes(pid: int) -> int:
    """Memory that only this process has (its anonymous pages); 0 if it is gone."""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def pidfd(pid: int) -> int:
    """A descriptor that is readable when that process has ended; -1 where there is no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1
