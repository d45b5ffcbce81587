"""Processes: whose they are, what they use, and their end. Linux; elsewhere what POSIX gives."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

TIDIES = "handrail-keep"
"""The name of a process that ends by itself, and tidies up, when the one that it serves is gone."""
STATE, PARENT, GROUP, FLAGS, BEGAN = 0, 1, 2, 6, 19
"""Places in what ``stat`` tells. A pid and when it began name a process for good."""
_EXITING = 0x4
"""PF_EXITING of the kernel."""
_KILL_PENDING = 1 << (signal.SIGKILL - 1)
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_PAGE = os.sysconf("SC_PAGE_SIZE")
_READ_BYTES = 1 << 16


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


# Whose they are.


def below(pid: int) -> set[int]:
    """Process ids below ``pid``, at any depth, ended ones that nobody has waited for included.

    Cheap: O(descendants). The kernel may leave one out whose sibling ends at that moment; where
    none may get away, ask again, or ask for ``descendants``.
    """
    return _reach(pid, _children)


def descendants(pid: int, parents: Mapping[int, int] | None = None) -> set[int]:
    """The same from one look at all processes, which misses none and takes milliseconds.

    ``parents``: what that look has found, if there was one already.
    """
    children: dict[int, list[int]] = {}
    for each, parent in (all_parents() if parents is None else parents).items():
        children.setdefault(parent, []).append(each)
    return _reach(pid, lambda each: children.get(each, ()))


def all_parents() -> dict[int, int]:
    """Every process of the machine and its parent, by id."""
    return {pid: int(fields[PARENT]) for pid in every_pid() if (fields := stat(pid))}


def every_pid() -> Iterator[int]:
    """Every process of the machine; nothing where the system does not tell."""
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                yield int(name)


def _reach(pid: int, children_of: Callable[[int], Iterable[int]]) -> set[int]:
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in children_of(waiting.pop()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            yield from map(int, _read(f"/proc/{pid}/task/{task}/children").split())


# What they are.


def stat(pid: int) -> list[str]:
    """State, parent, group, ..., as proc(5) names them after the name; empty if it is gone."""
    return _read(f"/proc/{pid}/stat").decode("ascii", "replace").rpartition(")")[2].split()


def is_alive(fields: list[str]) -> bool:
    """Whether this ``stat`` is that of a process that has not ended."""
    return bool(fields) and fields[STATE] not in {"Z", "X"}


def name_of(pid: int) -> str:
    """What a process is called; empty if it is gone."""
    return _read(f"/proc/{pid}/comm").decode("utf-8", "replace").strip()


def is_ending(pid: int) -> bool:
    """Whether it has ended, or cannot but end: it was killed, and the kernel is about to see to it."""
    fields = stat(pid)
    if not is_alive(fields) or int(fields[FLAGS]) & _EXITING:
        return True
    return any(
        int(line.split()[1], 16) & _KILL_PENDING
        for line in _read(f"/proc/{pid}/status").splitlines()
        if line.startswith((b"SigPnd:", b"ShdPnd:"))
    )


def working_folder(pid: int) -> str:
    """Where a process works; empty if it is gone or somebody else's."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def environment_of(pid: int) -> list[bytes]:
    """What it was started with, as ``NAME=VALUE``; empty if it is gone or somebody else's."""
    data = _read(f"/proc/{pid}/environ")
    return data.split(b"\0") if data else []


def resident_bytes(pid: int) -> int:
    """Resident memory, shared pages included; 0 if it is gone or the system does not tell."""
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE if fields else 0


def private_bytes(pid: int) -> int:
    """Memory that only this process has (its anonymous pages); 0 if it is gone."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def proportional_bytes(pid: int) -> int:
    """Resident memory, of shared pages its part (PSS); 0 if it is gone, or somebody else's."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def thread_count() -> int:
    """How many threads this process has, as the kernel counts; 1 if it does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


def _read(path: str) -> bytes:
    try:
        # A file object asks three times what it has opened, which here takes longer than to read it.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    found = bytearray()
    try:
        while chunk := os.read(descriptor, _READ_BYTES):
            found += chunk
    except OSError:
        return b""
    finally:
        os.close(descriptor)
    return bytes(found)


# What they hold.


def close_all_but(*kept: int) -> None:
    """Close every descriptor of this process but these."""
    for descriptor in _open_descriptors():
        if descriptor not in kept:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _open_descriptors() -> list[int]:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return [int(name) for name in os.listdir(folder)]
    return list(range(256))


# Their end.


def pidfd(pid: int) -> int:
    """A descriptor that is readable when that process has ended; -1 where there is no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


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
    """SIGKILL to each; one that is gone is fine, one that tidies up by itself is left to do so."""
    for pid in pids:
        if tidies(pid):
            continue
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group that ``pid`` leads; a group that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
