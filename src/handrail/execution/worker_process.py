"""A worker as the loop sees it: started, looked at, and what is left when it has ended."""

import contextlib
import fcntl
import os
import signal
from collections.abc import Callable, Iterable

from handrail.execution import limits
from handrail.execution.wire import Incoming
from handrail.execution.worker_end import WorkerEnd
from handrail.frozen import dataclass, field
from handrail.system import processes

PIPE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a worker's process ended, and what it left: for the report of the test it cost."""

    status: int
    """Exit code, or minus the signal."""
    stacks: str = ""
    """Of all threads, as faulthandler wrote them."""
    out: str = ""
    err: str = ""
    """What the test had written so far."""
    memory_bytes: int = 0

    @property
    def text(self) -> str:
        """For a person: ``exit code 3``, ``SIGSEGV``."""
        if self.status >= 0:
            return f"exit code {self.status}"
        try:
            return signal.Signals(-self.status).name
        except ValueError:
            return f"signal {-self.status}"


@dataclass(slots=True)
class WorkerProcess:
    """A live process and the descriptors that lead to it."""

    end: WorkerEnd
    pid: int
    commands: int
    reports: int
    pidfd: int
    """-1 where the system has no such thing."""
    incoming: Incoming = field(default_factory=Incoming)
    output: tuple[int, ...] = ()
    """Descriptors of the files in which its output is captured."""
    memory_bytes: int = 0

    @property
    def descriptors(self) -> list[int]:
        """Those that lead to it, which no other worker may keep open."""
        found = [self.commands, self.reports, self.end.stacks, *self.output]
        return found if self.pidfd < 0 else [*found, self.pidfd]

    def open_output(self, descriptors: Iterable[int]) -> None:
        """Open the files in which the worker captures output, to read them when it is dead."""
        opened = []
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                opened.append(os.open(f"/proc/{self.pid}/fd/{descriptor}", os.O_RDONLY))
        self.output = tuple(opened)

    @property
    def has_told(self) -> bool:
        """Whether it has written stacks."""
        return os.fstat(self.end.stacks).st_size > 0

    def has_ended(self) -> bool:
        """Whether there is nothing left of it but its exit code."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None

    def send_signal(self, number: int) -> None:
        """Send it a signal; if it is gone, fine."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self, started: Iterable[int]) -> None:
        """End it, everything it started, and nothing of other workers. ``started``: all of those."""
        mark = f"PYTEST_XDIST_WORKER=gw{self.end.number}".encode()
        inode = os.fstat(self.reports).st_ino
        limits.kill_tree(self.pid, mark, inode, started=tuple(started))

    def reap(self) -> Ending:
        """Wait for its end, and let go of it."""
        try:
            _, status = os.waitpid(self.pid, 0)
            code = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            code = -signal.SIGKILL
        texts = [_read_all(descriptor) for descriptor in self.output]
        ending = Ending(
            status=code,
            stacks=_read_all(self.end.stacks),
            out=texts[0] if texts else "",
            err=texts[1] if len(texts) > 1 else "",
            memory_bytes=self.memory_bytes,
        )
        for descriptor in self.descriptors:
            os.close(descriptor)
        return ending


def start_worker(
    number: int, slot: int, start: Callable[[WorkerEnd], int], *, bell: int, slots: int
) -> WorkerProcess:
    """Have a process started at the other end of new pipes. Raises: OSError."""
    command_read, command_write = os.pipe()
    report_read, report_write = os.pipe()
    end = WorkerEnd(
        number=number,
        slot=slot,
        commands=command_read,
        reports=report_write,
        bell=bell,
        slots=slots,
        stacks=_memory_file(),
    )
    try:
        pid = start(end)
    finally:
        os.close(command_read)
        os.close(report_write)
    os.set_blocking(report_read, False)
    _widen(report_read)
    return WorkerProcess(end, pid, command_write, report_read, processes.pidfd(pid))


def _widen(pipe: int) -> None:
    """Let a pipe hold what workers report between two looks; where it may not, they wait."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _memory_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("handrail-stacks", 0)
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _read_all(descriptor: int, limit_bytes: int = 1 << 20) -> str:
    """The end of a file, whatever its offset: it is shared with whoever wrote it."""
    with contextlib.suppress(OSError):
        size = os.fstat(descriptor).st_size
        return os.pread(descriptor, limit_bytes, max(0, size - limit_bytes)).decode(
            "utf-8", "replace"
        )
    return ""
