"""What a server leaves outside its folder when it is killed."""

import contextlib
import os
from collections.abc import Iterator

from handrail.system.shared_memory import remove_unused

_DEPTH = 3
"""How far below a session's folder data folders are."""
_PLACE_OF_SEGMENT = 6
"""Of the line in ``postmaster.pid`` that has key and identifier of Postgres's shared memory."""


def remove_leftovers(folder: str) -> None:
    """Of servers that lived in this folder, or below it, and have ended."""
    for home in _folders(folder, _DEPTH):
        with contextlib.suppress(OSError, IndexError, ValueError):
            with open(os.path.join(home, "postmaster.pid"), encoding="ascii") as file:
                key, identifier = file.read().splitlines()[_PLACE_OF_SEGMENT].split()
            remove_unused(int(key), int(identifier))


def _folders(folder: str, depth: int) -> Iterator[str]:
    yield folder
    if depth > 1:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _folders(entry.path, depth - 1)
