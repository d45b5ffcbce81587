"""Writing a small file so that nobody ever reads half of it."""

import os
from contextlib import suppress
from pathlib import Path

from handrail.errors import StateError


class UnwritableError(StateError):
    """A file or folder of Handrail's own cannot be written."""

    reference = "state-unwritable"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot write {path.name}",
            where=f"{path}: {error.strerror or error}",
            hint="check free space (df) and permissions (ls -ld) of its folder",
        )


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``: readers see the old file or the new one, also after a crash of us.

    Not forced to the disk: after a power cut it may be the old one, or empty.
    Raises: UnwritableError; the old file is then as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise UnwritableError(path, error) from error
