"""One run at a time in a work tree. The kernel keeps the lock, so none is ever stale."""

import fcntl
import json
import os
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from handrail.frozen import dataclass
from handrail.runs.atomic import UnwritableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Who holds the lock; empty and zero in the moment before the holder has written it down."""

    run_id: str
    pid: int
    since: float
    """Seconds since the epoch."""


class Held:
    """The lock, ours until ``release``, the end of the ``with`` block, or of this process.

    Forked children do not keep it: the lock is free when this process is gone, whoever else lives.
    """

    __slots__ = ("__weakref__", "_fd")

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd
        ours = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _let_go(ours()))

    def release(self) -> None:
        """Let the next one in."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            self.let_go()

    def hand_on(self, pid: int) -> int:
        """Write down that process as the holder; the descriptor by which it is, once it has it.

        Then ``let_go``.
        """
        if self._fd is None:
            raise ValueError("released")
        with suppress(OSError, ValueError, KeyError):
            written = json.loads(os.pread(self._fd, 1000, 0))
            os.pwrite(self._fd, json.dumps({**written, "pid": pid}).encode().ljust(100), 0)
        return self._fd

    def let_go(self) -> None:
        """Close this process's hold without a trace in the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class RunLock:
    """The lock of one work tree, in the file ``path``. Making one touches nothing."""

    path: Path

    def acquire(self, *, run_id: str, at: float, blocking: bool = False) -> Held | Busy:
        """Take the lock for this process and run, or say who has it.

        ``blocking`` waits for its holder, without limit, and never returns ``Busy``.
        Raises: UnwritableError if the file cannot be opened or the file system has no locks.
        """
        how = fcntl.LOCK_EX if blocking else fcntl.LOCK_EX | fcntl.LOCK_NB
        while True:
            fd = self._open()
            try:
                fcntl.flock(fd, how)
            except BlockingIOError:
                busy = _holder(fd)
                os.close(fd)
                return busy
            except OSError as error:
                os.close(fd)
                raise UnwritableError(self.path, error) from error
            if self._is_still(fd):
                break
            os.close(fd)  # somebody removed the file: what we hold would exclude nobody
        with suppress(OSError):  # a full disk: others learn that it is held, not by whom
            os.ftruncate(fd, 0)
            os.pwrite(fd, _written(run_id, at), 0)
        return Held(fd)

    def holder(self) -> Busy | None:
        """Who holds the lock now and has written it down; None if nobody does.

        The lock is tried only where somebody wrote, for trying keeps others out for a moment.
        """
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            if os.fstat(fd).st_size:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _holder(fd)
        finally:
            os.close(fd)
        return None

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UnwritableError(self.path, error) from error

    def _is_still(self, fd: int) -> bool:
        try:
            return os.fstat(fd).st_ino == self.path.stat().st_ino
        except FileNotFoundError:
            return False


def _let_go(held: Held | None) -> None:
    if held is not None:
        held.let_go()


def _written(run_id: str, at: float) -> bytes:
    return json.dumps({"run_id": run_id, "pid": os.getpid(), "since": at}).encode()


def _holder(fd: int) -> Busy:
    try:
        written = json.loads(os.pread(fd, 1000, 0))
        return Busy(
            run_id=str(written["run_id"]), pid=int(written["pid"]), since=float(written["since"])
        )
    except (OSError, ValueError, TypeError, KeyError):
        return Busy(run_id="", pid=0, since=0.0)
