"""Messages between the controller and its workers: frames over a pipe. No decisions.

A frame is a length and a ``marshal`` of plain builtins; what marshal cannot carry goes as a pickle.
Both ends run the same interpreter from the same installation, and neither end is a trust boundary:
the worker runs the very code that the controller would run itself.
"""

import marshal
import os
import pickle
import struct
from collections.abc import Iterator
from typing import Any

_HEAD = struct.Struct("<IB")
_MARSHAL, _PICKLE = 0, 1

Message = tuple[Any, ...]
"""A tag, then what belongs to it."""


def pack(message: Message) -> bytes:
    """One frame. Raises: ValueError or pickle errors if an attachment cannot be carried at all."""
    try:
        kind, body = _MARSHAL, marshal.dumps(message)
    except ValueError:
        kind, body = _PICKLE, pickle.dumps(message, protocol=5)
    return _HEAD.pack(len(body), kind) + body


def _unpack(kind: int, body: bytes) -> Message:
    message = marshal.loads(body) if kind == _MARSHAL else pickle.loads(body)  # noqa: S301, S302
    return message if isinstance(message, tuple) else (message,)


class Incoming:
    """Bytes as they arrive, cut into messages. A half frame waits for the rest."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """Yield every message that is complete now."""
        self._buffer += chunk
        start = 0
        try:
            while len(self._buffer) >= start + _HEAD.size:
                length, kind = _HEAD.unpack_from(self._buffer, start)
                end = start + _HEAD.size + length
                if len(self._buffer) < end:
                    break
                body = bytes(self._buffer[start + _HEAD.size : end])
                start = end
                yield _unpack(kind, body)
        finally:  # Ctrl-C may end whoever iterates; no message is told twice
            del self._buffer[:start]


def send(descriptor: int, message: Message) -> None:
    """Write one frame whole. Raises: OSError (BrokenPipeError if nobody reads)."""
    frame = memoryview(pack(message))
    while frame:
        frame = frame[os.write(descriptor, frame) :]


def receive(descriptor: int) -> Message | None:
    """Block for one message; None at the end of the stream."""
    head = _read_exactly(descriptor, _HEAD.size)
    if head is None:
        return None
    length, kind = _HEAD.unpack(head)
    body = _read_exactly(descriptor, length)
    return None if body is None else _unpack(kind, body)


def _read_exactly(descriptor: int, count: int) -> bytes | None:
    parts = []
    while count:
        part = os.read(descriptor, count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
