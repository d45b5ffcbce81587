"""A line of the log of tests: what it says, how it is written, and how much of it is kept."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from handrail.core.text import redact
from handrail.frozen import dataclass, defaults_of

MOST_CHARACTERS = 32_768
"""Of a message, or of an exception. The middle of what is longer is left out."""
_MARGIN = 8_192
"""Not kept beside what is left out: a secret that was cut in two there is none that can be known."""
_NEXT = re.compile(rb'(?=\{"time":")')
"""Where a line begins. Inside of a text there is no such thing: its quotes are escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One record of ``logging`` that a test's code emitted."""

    time: str
    """RFC 3339, in UTC, with milliseconds."""
    node_id: str
    phase: str
    """``setup``, ``call`` or ``teardown``."""
    level: str
    logger: str
    message: str
    exception: str = ""
    """Traceback of ``exc_info`` and what ``stack_info`` told, if there was any."""

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Raises: KeyError, TypeError."""
        names = ("time", "node_id", "phase", "level", "logger", "message")
        return cls(**{name: str(document[name]) for name in names},
                   exception=str(document.get("exception", "")))  # fmt: skip

    def document(self) -> dict[str, str]:
        """It as JSON; without an exception if there is none."""
        found = {name: getattr(self, name) for name in defaults_of(type(self))}
        if not self.exception:
            del found["exception"]
        return found


def encode(line: LogLine) -> bytes:
    """One line of JSON in ASCII, with its line end."""
    return json.dumps(line.document(), separators=(",", ":")).encode("ascii") + b"\n"


def decode(data: bytes) -> Iterator[LogLine]:
    """What stands on one line of the file: mostly one; more behind one that was cut off.

    A disk that was full, or the end of a process, cuts a line off. What is no whole line is left out.
    """
    for part in _NEXT.split(data):
        try:
            yield LogLine.parse(json.loads(part))
        except (ValueError, TypeError, KeyError, RecursionError):
            continue


def mark_of(node_id: str) -> bytes:
    """What stands in every line of that test, and hardly in any other: quicker to find than to parse."""
    return b'"node_id":' + json.dumps(node_id).encode("ascii")


def time_text(at: float) -> str:
    """Seconds since the epoch as RFC 3339. Raises: ValueError, OverflowError, OSError."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def kept_text(text: str, patterns: Iterable[str] = ()) -> str:
    """The text without secrets, in a bounded length that says what it leaves out.

    Half surrogate pairs are spelled out, because not every reader of JSON takes them.
    """
    if len(text) <= MOST_CHARACTERS:
        return _encodable(redact(text, patterns))
    half = MOST_CHARACTERS // 2
    head = redact(text[: half + _MARGIN], patterns)[:-_MARGIN][:half]
    tail = redact(text[-half - _MARGIN :], patterns)[_MARGIN:][-half:]
    omitted = len(text) - MOST_CHARACTERS
    return _encodable(f"{head}... [about {omitted} characters left out] ...{tail}")


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
