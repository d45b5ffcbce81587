"""Room for the last state of a run, set aside before the disk may fill up."""

import os
from contextlib import suppress
from pathlib import Path

from handrail.runs.atomic import UnwritableError, write_atomically

SIZE_BYTES = 16 * 1024
"""What a last state takes with its digest, nearly always; a longer one has to be said in short."""


def set_aside(path: Path) -> None:
    """Take the room that ``write_last`` may need for ``path``. On a full disk there is none."""
    with suppress(OSError):
        _reserve(path).write_bytes(b" " * SIZE_BYTES)


def write_last(path: Path, data: bytes, *, in_short: bytes) -> None:
    """Write ``data`` for the last time, as a whole; on a full disk into the room that was set aside.

    ``in_short``: the same, where that room is too small. Raises: UnwritableError.
    """
    reserve = _reserve(path)
    try:
        write_atomically(path, data)
    except UnwritableError:
        if not _fill(reserve, data) and not _fill(reserve, in_short):
            raise
        reserve.replace(path)
    else:
        with suppress(OSError):
            reserve.unlink()


def _fill(reserve: Path, data: bytes) -> bool:
    """Write over what is there, which takes no more room than it has."""
    try:
        descriptor = os.open(reserve, os.O_WRONLY)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_size < len(data):
            return False
        is_whole = os.write(descriptor, data) == len(data)
        os.ftruncate(descriptor, len(data))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return is_whole


def _reserve(path: Path) -> Path:
    return path.with_name(f".{path.name}.last")
