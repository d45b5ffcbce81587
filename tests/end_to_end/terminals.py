"""A command at a terminal of its own, and what a person sees there in the end."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from real_runs import NO_RANDOMLY, PATIENCE_S, SCRIPTS, Project

CTRL_C = b"\x03"
ROWS = 24
_SIT_DOWN = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
_PIECE = re.compile(rb"\x1b\[([?0-9;]*)([A-Za-z])|([\r\n\b])|([^\x1b\r\n\b]+)")


@dataclass(slots=True)
class Terminal:
    """The end at which a person sits."""

    process: "subprocess.Popen[bytes]"
    master: int
    columns: int
    shown: bytes = b""
    """Everything that was written to it."""

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def read_until(self, is_enough: Callable[[], object], what: str) -> None:
        """Read what is shown until then. Raises: AssertionError when patience is over."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_enough():
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.shown[-400:]!r}"
            self._read(0.02)

    def read_to_end(self) -> int:
        """The exit code of the command, once it has ended and everything was read."""
        self.read_until(lambda: self.process.poll() is not None, "the end of the command")
        while self._read(0):
            pass
        return int(self.process.returncode)

    def close(self) -> None:
        """As closing its window does: the kernel hangs up on whoever was there."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    @property
    def screen(self) -> "Screen":
        """What stands there now."""
        found = Screen(self.columns)
        found.feed(self.shown)
        return found

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self.master], [], [], timeout_s)[0]:
            return False
        try:
            chunk = os.read(self.master, 65536)
        except OSError:  # nobody holds the other end
            return False
        self.shown += chunk
        return bool(chunk)


@contextmanager
def terminal(
    project: Project, *arguments: str, columns: int = 100, **environ: str
) -> Generator[Terminal]:
    """``handrail`` with these arguments, in a session of its own that this terminal controls."""
    master, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    process = subprocess.Popen(
        [SCRIPTS / "python", "-c", _SIT_DOWN, SCRIPTS / "handrail", *arguments],
        cwd=project.folder, env=project.environment(TERM="xterm-256color", **environ),
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    at = Terminal(process, master, columns)
    try:
        yield at
    finally:
        at.close()
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def run_at_terminal(*arguments: str) -> tuple[str, ...]:
    """The arguments of a run on two workers."""
    return ("run", "-n", "2", *NO_RANDOMLY, *arguments)


@dataclass(slots=True)
class Screen:
    """As much of a terminal as a live view needs. What scrolls off the top is kept."""

    columns: int
    rows: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    has_cursor: bool = True
    most_rows: int = 0
    """As many were ever in use at once."""

    @property
    def lines(self) -> list[str]:
        """Without what is blank at the end."""
        return "\n".join(each.rstrip() for each in self.rows).rstrip("\n").split("\n")

    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            piece = _PIECE.match(data, at)
            assert piece is not None, f"nothing that this terminal knows: {data[at : at + 20]!r}"
            at = piece.end()
            if piece[2]:
                self._obey(piece[1].decode(), piece[2].decode())
            elif piece[3]:
                self._move(piece[3])
            else:
                self._write(piece[4].decode(errors="replace"))
            self.most_rows = max(self.most_rows, len(self.lines))

    def _move(self, key: bytes) -> None:
        if key == b"\n":
            self._down()
        elif key == b"\b":
            self.column = max(0, self.column - 1)
        else:
            self.column = 0

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")

    def _write(self, text: str) -> None:
        for character in text:
            if self.column == self.columns:
                self.column = 0
                self._down()
            line = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += 1

    def _obey(self, given: str, letter: str) -> None:
        line = self.rows[self.row]
        match letter, given:
            case "m", _:
                pass
            case "K", "2":
                self.rows[self.row] = ""
            case "K", "" | "0":
                self.rows[self.row] = line[: self.column]
            case "A", _:
                self.row = max(0, self.row - int(given or 1))
            case "h" | "l", "?25":
                self.has_cursor = letter == "h"
            case _:
                raise AssertionError(f"nothing that this terminal knows: {given}{letter}")
