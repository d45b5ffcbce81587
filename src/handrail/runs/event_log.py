"""A run's events on disk: appended while it goes, read back while it still does."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from handrail.model.events import Event, from_json, to_json


class EventLog:
    """Appends events as lines of JSON. The disk may fill up; the run goes on.

    After the first error nothing more is written, and ``problem`` says why. No method raises
    OSError. Each ``append`` is one write, so a killed run loses at most what was not yet handed in.
    """

    __slots__ = ("_fd", "_path", "problem")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self.problem: str = ""
        """What stopped the writing, for a person; empty as long as all went well."""

    def append(self, batch: Sequence[Event | bytes]) -> None:
        """Write these, in order: events, or lines that are encoded already (without line ends)."""
        if self.problem or not batch:
            return
        try:
            if self._fd is None:
                self._fd = _open(self._path)
            _write(self._fd, b"".join(_line(each) for each in batch))
        except OSError as error:
            self.problem = f"{self._path}: {error.strerror or error}; later events are not kept"
            self.close()

    def close(self) -> None:
        """Let go of the file. What was appended is in it."""
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
        self.close()


class EventReader(Iterator[Event]):
    """The events of a log, in order, as far as it reaches now; ``offset`` is where to go on later.

    What cannot be understood is skipped and counted, never raised.
    """

    __slots__ = ("_events", "corrupt", "is_cut_off", "offset", "unknown")

    def __init__(self, path: Path, offset: int) -> None:
        self.offset = offset
        """Bytes up to the end of the last whole line read."""
        self.unknown = 0
        """Events of a newer Handrail."""
        self.corrupt = 0
        """Whole lines that are no event."""
        self.is_cut_off = False
        """Whether the log ends inside a line: it is being written, or its writer died."""
        self._events = self._read(path)

    def __next__(self) -> Event:
        return next(self._events)

    def _read(self, path: Path) -> Iterator[Event]:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    self.is_cut_off = True
                    return
                self.offset += len(line)
                event = self._parsed(line)
                if event is not None:
                    yield event

    def _parsed(self, line: bytes) -> Event | None:
        try:
            document = json.loads(line)
            name = document["event"]
        except (ValueError, TypeError, KeyError, RecursionError):
            self.corrupt += 1
            return None
        try:
            return from_json(document)
        except KeyError:
            self.unknown += isinstance(name, str)
            self.corrupt += not isinstance(name, str)
        except (ValueError, TypeError):
            self.corrupt += 1
        return None


def read_events(path: Path, *, offset: int = 0) -> EventReader:
    """Read a log from ``offset`` (bytes) on; no events if there is no file."""
    return EventReader(path, offset)


def encode(event: Event) -> bytes:
    """The event as one line of JSON in ASCII, without the line end."""
    return json.dumps(to_json(event), separators=(",", ":")).encode("ascii")


def _line(each: Event | bytes) -> bytes:
    return (each if isinstance(each, bytes) else encode(each)) + b"\n"


def _open(path: Path) -> int:
    """A descriptor that appends, after ending a line that an earlier writer left half-written."""
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        _write(fd, b"\n")
    return fd


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
