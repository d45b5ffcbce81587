"""The log of the tests of a run on disk: one file, to which every process of the run appends."""

import os
from collections.abc import Iterator
from pathlib import Path

from handrail.core.logged import LogLine, decode, mark_of


class LogFile:
    """Appends whole lines. No method raises OSError; ``lost`` counts what could not be written.

    Each line is one write to a file that was opened for appending: lines of several processes do
    not mix, and a process that is killed has written all that it handed in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._identity = (0, 0)
        self.lost = 0
        self.problem = ""
        """Why the last one of those was lost."""

    def open(self) -> None:
        """Open it now, unless it is. A test may count the descriptors that it opens itself."""
        try:
            self._open()
        except OSError:
            return  # whoever appends will see

    def append(self, line: bytes) -> None:
        """Write this line, which has its line end."""
        try:
            self._open()
            written = os.write(self._descriptor, line)
        except OSError as error:
            self._lose(error.strerror or str(error))
        else:
            if written < len(line):
                self._lose("the disk is full")

    def _lose(self, why: str) -> None:
        self.lost += 1
        self.problem = why

    def _open(self) -> None:
        if self._descriptor < 0 or not self._is_ours():
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o644)
            self._identity = _identity(self._descriptor)

    def _is_ours(self) -> bool:
        """A test may close every descriptor that it finds; its number then is somebody else's file."""
        try:
            return _identity(self._descriptor) == self._identity
        except OSError:
            return False


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def read_log(path: Path, node_id: str) -> Iterator[LogLine]:
    """What that test logged so far, in that order; nothing if there is no file."""
    mark = mark_of(node_id)
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        for data in file:
            if mark in data:
                yield from (line for line in decode(data) if line.node_id == node_id)
