"""Start the Python of a session before it is known what it shall do.

Half of the time until the first test goes into starting an interpreter and importing pytest. That
needs no decision, so it is begun first, while the command line and the configuration are read.
Imports next to nothing, for the same reason.
"""

import os
import subprocess
import sys
from binascii import hexlify
from pathlib import Path
from typing import Protocol

MARK = "HANDRAIL_MARK"


class Process(Protocol):
    """A child of this process: a ``subprocess.Popen``, or one that was forked."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    @property
    def returncode(self) -> int | None:
        """Exit code, or minus the signal; None until ``poll`` or ``wait`` has seen the end."""
        ...

    def poll(self) -> int | None:
        """Look whether it has ended; the exit code if so."""
        ...

    def wait(self) -> int:
        """Wait for its end; return the exit code."""
        ...

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        ...


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
    def process(self) -> Process:
        """The one that waits."""
        ...

    def discard(self) -> None:
        """Nothing is to be run after all. Safe when a session has taken over."""
        ...


class Prestarted:
    """A Python that has imported pytest, or is about to, and waits to be told what to do."""

    def __init__(self, script: Path) -> None:
        self.is_taken = False
        source, self.feed = os.pipe()
        self.events, sink = os.pipe()
        self.inherited = f"{source},{sink}"
        token = hexlify(os.urandom(8)).decode()
        self.mark = f"{MARK}={token}".encode()
        try:
            self.process: Process = subprocess.Popen(
                [sys.executable, str(script), self.inherited],
                pass_fds=(source, sink),
                env=os.environ | {MARK: token},
            )
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


def launch_script() -> Path:
    """The script that such a Python runs."""
    import handrail

    return Path(handrail.__file__).parent / "pytest_plugin" / "launch.py"
