"""Between a run's supervisor and whoever watches it: frames through a pipe that may end at any time.

The supervisor lives in a session of its own, without the watcher's terminal, pipes or life. What it
would print it sends; a watcher that is gone, or stopped, costs it nothing. Imports next to nothing.
"""

import errno
import io
import json
import os
import select
import signal
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = struct.Struct("!cI")
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a run, or a watcher."""
OUT, ERR, BEGUN, EXIT = b"o", b"e", b"b", b"x"
_READ_BYTES = 1 << 16
MAX_WAITING_BYTES = 64 << 20
"""More than this is not kept for a watcher that does not read: it is taken to be gone."""
PATIENCE_S = 10.0
"""A watcher that takes nothing for so long, at the end, is left to what is on disk."""
AT_MOST_S = 600.0
"""How long one that takes a little now and then may take for all of it."""


class Console:
    """The supervisor's end. No method blocks or raises; only ``finish`` waits.

    Nothing that is sent is left out: who draws progress asks ``is_behind`` before.
    """

    def __init__(self, descriptor: int, *, is_terminal: tuple[bool, bool], columns: int) -> None:
        self._descriptor: int | None = descriptor
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self.columns = columns
        """Width of the watcher's terminal."""
        self.out = Screen(self.send, OUT, is_terminal=is_terminal[0])
        self.err = Screen(self.send, ERR, is_terminal=is_terminal[1])
        os.set_blocking(descriptor, False)

    @property
    def is_watched(self) -> bool:
        """Whether somebody may still be reading."""
        return self._descriptor is not None

    def begun(self, folder: "Path", *, pid: int, is_joined: bool = False) -> None:
        """Say where the run leaves what it does, and which process answers for it.

        ``is_joined``: it is another one's run, which goes on already.
        """
        begun = {"folder": str(folder), "pid": pid, "is_joined": is_joined}
        self.send(BEGUN, json.dumps(begun).encode())

    def send(self, tag: bytes, data: bytes) -> None:
        """Send a frame, or keep it until there is room."""
        self._write()
        if self._descriptor is None:
            return
        frame = _HEADER.pack(tag, len(data)) + data
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)
        self._write()
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.leave()

    def is_behind(self) -> bool:
        """Pass on what waits; whether some of it still does."""
        self._write()
        return bool(self._waiting)

    def _write(self) -> None:
        while self._waiting and self._descriptor is not None:
            frame = self._waiting[0]
            try:
                sent = os.write(self._descriptor, frame)
            except BlockingIOError:
                return
            except OSError:
                self.leave()
                return
            self._waiting_bytes -= sent
            if sent == len(frame):
                self._waiting.popleft()
            else:
                self._waiting[0] = frame[sent:]

    def finish(
        self, code: int, *, patience_s: float = PATIENCE_S, within_s: float = AT_MOST_S
    ) -> None:
        """Send the exit code, and wait for everything to be read, as long as some of it is read
        every ``patience_s``.
        """
        self.send(EXIT, str(code).encode())
        ends_at = time.monotonic() + within_s
        while self._waiting and self._descriptor is not None:
            left_s = min(patience_s, ends_at - time.monotonic())
            if left_s <= 0 or not select.select([], [self._descriptor], [], left_s)[1]:
                break
            self._write()
        self.leave()

    def leave(self) -> None:
        """Nobody watches any more."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
            self._waiting.clear()
            self._waiting_bytes = 0


class Screen(io.TextIOBase):
    """Stands in for ``sys.stdout`` or ``sys.stderr`` in a supervisor: what is written is sent."""

    def __init__(
        self, send: Callable[[bytes, bytes], None], tag: bytes, *, is_terminal: bool
    ) -> None:
        super().__init__()
        self._send = send
        self._tag = tag
        self._is_terminal = is_terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What the watcher will encode it as."""
        return "utf-8"

    def isatty(self) -> bool:
        """Whether the watcher shows it on a terminal."""
        return self._is_terminal

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def write(self, text: str) -> int:
        """Send it."""
        if text:
            self._send(self._tag, text.encode("utf-8", "backslashreplace"))
        return len(text)


# Becoming a supervisor.


def detach(body: Callable[[Console], int], *, columns: int) -> int:
    """Run ``body`` in a process that nothing of ours can end; return what to read its frames from.

    It is nobody's child, leads a session of its own and holds none of our files. It ends with the
    exit code that ``body`` returns.
    """
    is_terminal = (sys.stdout.isatty(), sys.stderr.isatty())
    sys.stdout.flush()
    sys.stderr.flush()
    source, sink = os.pipe()
    child = os.fork()
    if child:
        os.close(sink)
        os.waitpid(child, 0)
        return source
    code = 1
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        heed_signals()
        _let_go_of_everything_but(sink)
        console = Console(sink, is_terminal=is_terminal, columns=columns)
        sys.stdout, sys.stderr = console.out, console.err
        try:
            code = body(console)
        except BaseException:  # noqa: BLE001 - the top of a process
            import traceback

            traceback.print_exc()
        console.finish(code)
    finally:
        os._exit(code)


def heed_signals() -> None:
    """As a Python that has just started; what catches them here is the watcher's."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _let_go_of_everything_but(kept: int) -> None:
    from handrail.system.processes import close_all_but  # which the watcher has no use for

    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    close_all_but(0, 1, 2, kept)


# Watching.


def terminal_columns() -> int:
    """Width of the terminal that our stderr is; 80 if it is none, or one that does not tell."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):  # ValueError: a stream without a file below it
        return 80


class Watch:
    """What a watcher has learned so far. ``exit_code`` is None as long as the supervisor goes on."""

    def __init__(self) -> None:
        self.source = -1
        """Where frames come from."""
        self.is_forked = False
        """Whether the supervisor was forked from a warm process."""
        self.is_silent = False
        """Whether what they show is left out."""
        self._buffer = b""
        self._interrupts = 0
        """Asked for before it was known whom to ask."""
        self._rows: int | None = None
        """Line breaks in the drawing that is on the screen; None if there is none."""
        self.folder = ""
        """That of the run, once it has begun."""
        self.pid = 0
        self.is_joined = False
        """Whether the run was going on already."""
        self.printed: set[int] = set()
        """Hashes of what the supervisor has printed as its answer: whole, or line by line."""
        self.exit_code: int | None = None
        self.is_over = False
        """Whether nothing more will come: with an exit code all went well, without the supervisor
        is gone."""

    def begin(self, source: int, *, is_forked: bool = False) -> None:
        """Frames come from there."""
        self.source = source
        self.is_forked = is_forked
        self.is_over = False

    @property
    def has_begun(self) -> bool:
        """Whether there was a run, or an answer without one."""
        return bool(self.folder) or self.exit_code is not None

    def take_in(self, timeout_s: float | None) -> None:
        """Wait at most that long for frames, and pass on what they say. Interrupted by signals.

        Raises: BrokenPipeError if our own reader is gone.
        """
        ready, _, _ = select.select([self.source], [], [], timeout_s)
        if not ready:
            return
        chunk = os.read(self.source, _READ_BYTES)
        if not chunk:
            self.is_over = True
            return
        self._buffer += chunk
        while len(self._buffer) >= _HEADER.size:
            tag, size = _HEADER.unpack_from(self._buffer)
            end = _HEADER.size + size
            if len(self._buffer) < end:
                return
            data, self._buffer = self._buffer[_HEADER.size : end], self._buffer[end:]
            self._do(tag, data)

    def _do(self, tag: bytes, data: bytes) -> None:
        if tag in {OUT, ERR}:
            self.show(tag, data)
        elif tag == BEGUN:
            found: dict[str, Any] = json.loads(data)
            self.folder, self.pid = found["folder"], found["pid"]
            self.is_joined = found["is_joined"]
            if self._interrupts:
                self.interrupt()
        elif tag == EXIT:
            self.exit_code, self.is_over = int(data), True

    def show(self, tag: bytes, data: bytes) -> None:
        """Show what was printed to stdout or stderr, and take note of it."""
        if self.is_silent:
            return
        if tag == OUT:
            _print(1, data)
            self.printed.add(hash(data))
        else:
            _print(2, data)
            self._rows = data.count(b"\n") if data[:1] in {b"\r", b"\x1b"} else None

    def interrupt(self) -> None:
        """Ask the supervisor to stop the run, as Ctrl-C does; the second time, to kill it."""
        if not self.pid:
            self._interrupts += 1
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)

    def tidy(self) -> None:
        """Remove the drawing of a run that is left to itself, and show the cursor again."""
        if self._rows is not None and os.isatty(2):
            rows, self._rows = self._rows, None
            with suppress(OSError):
                os.write(2, b"\r\x1b[2K" + b"\x1b[1A\x1b[2K" * rows + b"\x1b[?25h")


def _print(descriptor: int, data: bytes) -> None:
    encoding = (sys.stdout if descriptor == 1 else sys.stderr).encoding or "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        data = data.decode("utf-8").encode(encoding, "backslashreplace")
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except OSError as error:
            if error.errno == errno.EIO and descriptor == 2:
                return  # the terminal is gone; the answer may go elsewhere
            raise


def end_as(number: signal.Signals) -> NoReturn:
    """End this process as if it had never caught that signal."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)
