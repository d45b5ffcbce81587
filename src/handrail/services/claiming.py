"""The folder of one pytest process's servers: made by the process that will remove it, and locked by it."""

import fcntl
import os

LOCK = "lock"
DRAFT, SESSION = "d-", "s-"
"""How names begin: of folders that are just being made, and of those whose lock tells something."""


def claim(folder: str) -> int:
    """Make it; the descriptor that is returned holds its lock. Raises: OSError."""
    base, name = os.path.split(folder)
    draft = os.path.join(base, DRAFT + name.removeprefix(SESSION))
    os.mkdir(draft)
    os.chmod(draft, 0o711)  # noqa: S103 - a server may run as somebody else, and owns a folder below
    lock = os.open(os.path.join(draft, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.rename(draft, folder)  # only now does a sweep look at it
    return lock
