"""The pytest session of a run, as a child process: started, heard, fed, bounded and ended."""

import contextlib
import json
import os
import select
import selectors
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from handrail.execution import limits, wire
from handrail.execution.prestart import Started
from handrail.frozen import dataclass
from handrail.model.spec import Lessons, RunSpec
from handrail.system import processes

READ_BYTES = 1 << 20
PAUSE_S = 0.03
"""Between two reads while events stream in: waking up for each one costs the tests their time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What the session is to do."""

    arguments: Sequence[str]
    """For pytest."""
    folder: Path
    """Working folder."""
    output: Path | None
    """To which everything printed is appended; None: it is the caller's terminal, keyboard included."""


class Session:
    """A running pytest session. Its events come as lines of JSON, one each."""

    def __init__(self, started: Started, launch: Launch, spec: RunSpec) -> None:
        processes.adopt_orphans()
        started.is_taken = True
        self.mark = started.mark
        """In the environment of everything that it starts."""
        self._process = started.process
        self._feed, self._events = started.feed, started.events
        arguments = ["-p", "handrail", "--handrail-run", started.inherited, *launch.arguments]
        order = {
            "arguments": arguments,
            "folder": str(launch.folder),
            "output": None if launch.output is None else str(launch.output),
        }
        os.set_blocking(self._events, False)
        os.set_blocking(self._feed, False)
        self._outgoing = bytearray(json.dumps(order).encode("ascii") + b"\n")
        self._outgoing += wire.pack(("run", spec))
        self._rest = b""
        self._is_open = True
        self._is_closed = False
        self._is_fed = False
        self._spared: set[int] = set()
        self._end = processes.pidfd(self._process.pid)
        """Readable when the process has ended; -1 where the system has no such thing."""
        self._selector = selectors.DefaultSelector()
        if self._end >= 0:
            self._selector.register(self._end, selectors.EVENT_READ)
        self._selector.register(self._events, selectors.EVENT_READ)
        self._selector.register(self._feed, selectors.EVENT_WRITE)

    @property
    def events(self) -> int:
        """The pipe that its events come through."""
        return self._events

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def spare(self, pid: int) -> None:
        """That child of ours is not the session's: it lives on when this is closed."""
        self._spared.add(pid)

    def teach(self, lessons: Lessons) -> None:
        """Hand over what history knows; nothing follows it."""
        self._outgoing += wire.pack((lessons,))
        self._is_fed = True
        if self._feed not in self._selector.get_map():
            self._selector.register(self._feed, selectors.EVENT_WRITE)

    def begin(self) -> None:
        """Send as much of the order as goes at once."""
        self._write()

    def lines(self, timeout_s: float) -> Iterator[bytes]:
        """Wait at most that long; yield the events that came."""
        for key, _ in self._selector.select(timeout_s):
            if key.fd == self._feed:
                self._write()
            elif key.fd == self._events:
                found = list(self._read())
                yield from found
                if found:
                    self._pause()

    def _pause(self) -> None:
        """Let events gather, unless these were the last ones."""
        if self._end < 0:
            time.sleep(PAUSE_S)
        else:
            select.select([self._end], [], [], PAUSE_S)

    def _read(self) -> Iterator[bytes]:
        while self._is_open:
            try:
                chunk = os.read(self._events, READ_BYTES)
            except BlockingIOError:
                return
            if not chunk:
                self._is_open = False
                self._selector.unregister(self._events)
                return
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            yield from whole

    def _write(self) -> None:
        try:
            while self._outgoing:
                sent = os.write(self._feed, self._outgoing[: 1 << 16])
                del self._outgoing[:sent]
        except BlockingIOError:
            return
        except OSError:
            self._outgoing.clear()
        self._selector.unregister(self._feed)
        if self._is_fed:
            os.close(self._feed)

    @property
    def is_over(self) -> bool:
        """Whether it has ended and everything that it said was read."""
        if self._process.poll() is None:
            return False
        if self._is_open and os.get_blocking(self._events) is False:
            # A process that a test left behind may still hold the other end: do not wait for it.
            return not self._has_more()
        return True

    def _has_more(self) -> bool:
        ready = self._selector.select(0)
        return any(key.fd == self._events for key, _ in ready)

    @property
    def returncode(self) -> int | None:
        """Exit code, or minus the signal; None while it runs."""
        return self._process.returncode

    def interrupt(self) -> None:
        """Ask it to stop, as Ctrl-C would."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)

    def dump_stacks(self) -> None:
        """Have it write the stacks of its threads to where it prints."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, limits.STACKS_SIGNAL)

    def kill(self) -> None:
        """End it and everything it started."""
        limits.kill_tree(self.pid)

    def close(self) -> None:
        """Make sure that nothing of it is left. Safe at any time."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._process.poll() is None:
            self.kill()
        self._process.wait()
        left = processes.descendants(os.getpid()) - self._spared
        processes.kill_all(left)
        processes.let_tidy(left)
        self._selector.close()
        os.close(self._events)
        if self._end >= 0:
            os.close(self._end)
