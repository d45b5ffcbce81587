"""A warm process, seen from outside: started, taught, given orders, and dropped when it is stale."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from binascii import hexlify
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from handrail.execution.prestart import MARK
from handrail.execution.stamps import changed
from handrail.execution.warmed import is_own

ENDING_S = 10.0
"""Given to the run of a warm process that is dropped; it is bounded itself."""
_READ_BYTES = 1 << 16


class Warm:
    """A Python that forks a run for each order. One run at a time.

    ``told``: where sessions tell what they imported; see ``learn``.
    """

    def __init__(self, script: str, root: Path) -> None:
        self._root = str(root)
        self._buffer = b""
        self._files: dict[str, str] = {}
        self._tried: set[str] = set()
        self._told = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed by ``close``
        self.is_learning = False
        """Whether it imports just now, and so would let an order wait."""
        self.is_gone = False
        self.problem = ""
        """Why no session should be forked from it, for a person; empty as long as all is well."""
        self._process, self._socket = _started(script, "--warm")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Readable when it has said something, or is gone."""
        return self._socket.fileno()

    def begin(self, order: Mapping[str, Any]) -> int:
        """Have it begin a run; return where the run's frames come from, which end with the run.

        ``body`` of the order names the function that supervises the run.
        """
        source, sink = os.pipe()
        self._told.truncate(0)
        line = json.dumps({**order, "root": self._root}).encode("ascii") + b"\n"
        try:
            self._send(line, [sink, self._told.fileno()])
        finally:
            os.close(sink)
        return source

    def learn(self, *more: str, is_told: bool = True) -> bool:
        """Have it import what is named and, if ``is_told``, what the session had to import itself.

        Whether there was anything; then ``take_in`` when it has answered.
        """
        names = dict.fromkeys(more, "") | (self._imported() if is_told else {})
        wanted = [pair for pair in names.items() if pair[0] not in self._tried]
        if not wanted or self.is_gone:
            return False
        self._tried |= names.keys()
        self._send(json.dumps({"import": wanted, "root": self._root}).encode("ascii") + b"\n", [])
        self.is_learning = not self.is_gone
        return self.is_learning

    def _imported(self) -> dict[str, str]:
        self._told.seek(0)
        return imported(self._told.read(), self._root)

    def _send(self, line: bytes, descriptors: list[int]) -> None:
        try:
            sent = socket.send_fds(self._socket, [line], descriptors)
            self._socket.sendall(line[sent:])
        except OSError:
            self.is_gone = True

    def take_in(self) -> None:
        """Read what it says; to be called when there is something. Waits for the rest of a line."""
        while b"\n" not in self._buffer:
            try:
                chunk = self._socket.recv(_READ_BYTES)
            except OSError:
                chunk = b""
            if not chunk:
                self.is_gone, self.is_learning = True, False
                return
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer = json.loads(line)
        self._files, self.problem = answer["files"], answer["problem"]
        self.is_learning = False

    def is_stale(self) -> bool:
        """Whether a file that it has imported, or the interpreter, is not what it was then."""
        return bool(changed(self._files))

    def close(self) -> None:
        """Drop it, and the run that it may have. Safe at any time."""
        self._socket.close()
        self._told.close()
        if self.is_learning:
            self._process.kill()  # it does not listen, and has no run
        try:
            self._process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def imported(told: bytes, root: str) -> dict[str, str]:
    """What sessions told that they imported, without the project's own: modules and their files."""
    found: dict[str, str] = {}
    for line in told.splitlines():
        with suppress(ValueError):  # of a process that was killed as it wrote
            found |= {
                name: file
                for name, file in json.loads(line)
                if not is_own(file, root) and name.partition(".")[0] != "__main__"
            }
    return found


def leave(script: str, order: Mapping[str, Any], hand_on: Callable[[int], int]) -> None:
    """Start a warm process that outlives us; it is told once what ``execution.lasting`` wants to know.

    ``hand_on``: gives the descriptor of its lock, for its process id.
    """
    process, end = _started(script, "--lasting")
    with end:
        line = json.dumps(order).encode("ascii") + b"\n"
        sent = socket.send_fds(end, [line], [hand_on(process.pid)])
        end.sendall(line[sent:])


def _started(script: str, how: str) -> "tuple[subprocess.Popen[bytes], socket.socket]":
    ours, theirs = socket.socketpair()
    token = hexlify(os.urandom(8)).decode()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, script, how, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {MARK: token},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return process, ours
