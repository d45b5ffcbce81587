"""The person who watches: signals from the keyboard or elsewhere, and single keys."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from handrail.execution.console import Watch


class Stops:
    """Signals that came. During a round Ctrl-C stops the round, otherwise everything."""

    def __init__(self) -> None:
        self._source, self._sink = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._shown: Watch | None = None
        self.is_asked = False
        self.is_over = False
        """Whether to end after the round that goes on."""
        self.is_terminated = False

    def fileno(self) -> int:
        """Readable when a signal came."""
        return self._source

    def forget(self) -> None:
        """Make it wait for the next one."""
        with suppress(BlockingIOError):
            os.read(self._source, 64)

    def begin(self, shown: Watch) -> None:
        """A round begins."""
        self._shown = shown

    def end(self) -> None:
        """It has ended."""
        self._shown = None

    def quit(self) -> None:
        """Stop the round and everything."""
        self.is_over = self.is_asked = True
        if self._shown is not None:
            self._shown.interrupt()

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """Ctrl-C."""
        os.write(self._sink, b"!")
        if self._shown is not None:
            self._shown.interrupt()
        else:
            self.is_asked = self.is_over = True

    def terminate(self, _number: int, _frame: FrameType | None) -> None:
        """SIGTERM or SIGHUP."""
        os.write(self._sink, b"!")
        self.is_terminated = True
        if self._shown is not None and self._shown.pid:
            self.is_over = self.is_asked = True
            with suppress(ProcessLookupError):
                os.kill(self._shown.pid, signal.SIGTERM)
        else:
            self.quit()

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._source)
        os.close(self._sink)


@contextmanager
def signals() -> Iterator[Stops]:
    """What comes meanwhile."""
    stops = Stops()
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, stops.terminate) for each in numbers}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, stops.interrupt)
    try:
        yield stops
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        stops.close()


class Keys:
    """Single keys of the terminal that is our stdin."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.is_over = False

    def fileno(self) -> int:
        """Readable when one was pressed."""
        return self._descriptor

    def typed(self) -> str:
        """Those that were pressed since."""
        if self.is_over or not select.select([self._descriptor], [], [], 0)[0]:
            return ""
        try:
            found = os.read(self._descriptor, 64)
        except OSError:
            found = b""
        self.is_over = not found
        return found.decode("ascii", "replace")


@contextmanager
def keyboard() -> Iterator[Keys | None]:
    """The keys, if there is a terminal that listens to us; it is left as it was found."""
    try:
        descriptor = sys.stdin.fileno()
        if os.tcgetpgrp(descriptor) != os.getpgrp():
            yield None
            return
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, AttributeError, termios.error):
        yield None
        return
    tty.setcbreak(descriptor)
    try:
        yield Keys(descriptor)
    finally:
        with suppress(termios.error, OSError):  # it may be closed by now
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
