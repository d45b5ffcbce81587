"""Shared memory in which each worker says what it is running, and reads whether to go on.

Writing it costs a fraction of a microsecond, so it is done for every test; it is readable when the
worker hangs in C, is stopped, or is dead.
"""

import mmap
import os
import struct
from enum import IntEnum

from handrail.frozen import dataclass

# Native: each field is written in one go, so that no reader ever sees half of one.
_SLOT = struct.Struct("@qdd")
_LIMIT_AT = 16
_LIMIT = struct.Struct("@d")
_ORDER_AT = 24
_ORDER = struct.Struct("@q")
SIZE = 64
COUNT = 4096
NO_TEST = -1


class Word(IntEnum):
    """What a worker reads before it begins a test."""

    GO_ON = 0
    HAND_BACK = 1
    """Begin no further test of this chunk; hand it back and ask."""
    END = 2
    """A limit was overstepped: begin nothing, end."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a worker is running: test index (or None), since when (monotonic), and for how long it may."""

    test: int | None
    since: float
    limit_s: float


def create() -> int:
    """A descriptor of shared memory for all slots, inherited by forks and passed to spawned workers."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("handrail-slots", 0)
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, SIZE * COUNT)
    return descriptor


class Slots:
    """All slots, as controller or worker sees them."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, SIZE * COUNT)

    def begin(self, slot: int, test: int, since: float, limit_s: float) -> None:
        """Say that a test begins. ``limit_s`` 0: no limit."""
        _SLOT.pack_into(self._memory, slot * SIZE, test, since, limit_s)

    def end(self, slot: int) -> None:
        """Say that the test has ended."""
        _ORDER.pack_into(self._memory, slot * SIZE, NO_TEST)
        _LIMIT.pack_into(self._memory, slot * SIZE + _LIMIT_AT, 0.0)

    def reset(self, slot: int, now: float) -> None:
        """Make a slot ready for a new worker."""
        _SLOT.pack_into(self._memory, slot * SIZE, NO_TEST, now, 0.0)
        self.tell(slot, Word.GO_ON)

    def read(self, slot: int) -> Seen:
        """What the worker says."""
        test, since, limit_s = _SLOT.unpack_from(self._memory, slot * SIZE)
        return Seen(None if test == NO_TEST else test, since, limit_s)

    def tell(self, slot: int, word: Word) -> None:
        """Tell a worker whether to begin its next test."""
        _ORDER.pack_into(self._memory, slot * SIZE + _ORDER_AT, word)

    def told(self, slot: int) -> int:
        """What this worker was told."""
        return int(_ORDER.unpack_from(self._memory, slot * SIZE + _ORDER_AT)[0])
