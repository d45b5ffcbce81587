"""Start the Python of a session before it is known what it shall do.

Half of the time until the first test goes into starting an interpreter and importing pytest. That
needs no decision, so it is begun first, while the command line and the configuration are read.
Imports next to nothing, for the same reason.
"""

import os
import signal
import sys
from binascii import hexlify
from collections.abc import Mapping
from typing import Protocol

MARK = "HANDRAIL_MARK"
TOLD = "HANDRAIL_TOLD"
"""Names the descriptor to which a session tells what it had to import."""
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class Child:
    """A child of this process, with as much of ``subprocess.Popen`` as a session needs. Importing
    that takes as long as everything else that is done before a session starts.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Look whether it has ended; the exit code if so."""
        return self._look(os.WNOHANG)

    def wait(self) -> int:
        """Wait for its end; return the exit code."""
        code = self._look(0)
        return 0 if code is None else code

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _look(self, options: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:  # somebody else has waited for it
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


class Started(Protocol):
    """A Python that waits to be told what to run; ``Prestarted`` and ``warmed.Forked`` are such."""

    is_taken: bool
    """Whether a session answers for it now."""
    feed: int
    """Where it reads its order."""
    events: int
    """Where it writes."""
    inherited: str
    """What it calls its ends of these."""
    mark: bytes
    """In the environment of everything that it starts."""

    @property
    def process(self) -> Child:
        """The one that waits."""
        ...

    def discard(self) -> None:
        """Nothing is to be run after all. Safe when a session has taken over."""
        ...


class Prestarted:
    """A Python that has imported pytest, or is about to, and waits to be told what to do.

    ``told``: where its session tells what it imported, if anybody wants to know. ``more``: variables
    for its environment.
    """

    def __init__(self, told: int | None = None, more: Mapping[str, str] | None = None) -> None:
        self.is_taken = False
        source, self.feed = os.pipe()
        self.events, sink = os.pipe()
        self.inherited = f"{source},{sink}"
        token = hexlify(os.urandom(8)).decode()
        self.mark = f"{MARK}={token}".encode()
        passed = (source, sink) if told is None else (source, sink, told)
        added = {**(more or {}), MARK: token}
        if told is not None:
            added[TOLD] = str(told)
        try:
            for each in passed:
                os.set_inheritable(each, True)  # noqa: FBT003 - positional only
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, launch_script(), self.inherited],
                os.environ | added,
                setsigmask=(),
                setsigdef=_IGNORED_BY_PYTHON,
            )
            self.process = Child(pid)
        finally:
            os.close(source)
            os.close(sink)

    def discard(self) -> None:
        """Nothing is to be run after all. Safe when a session has taken over."""
        if not self.is_taken:
            self.process.kill()
            self.process.wait()
            os.close(self.feed)
            os.close(self.events)


def launch_script() -> str:
    """The script that such a Python runs."""
    import handrail

    return os.path.join(os.path.dirname(handrail.__file__), "pytest_plugin", "launch.py")
