"""System V shared memory, which the kernel keeps when the last process that used it has ended."""

import contextlib

_IPC_RMID = 0


def remove_unused(key: int, identifier: int) -> bool:
    """Remove the segment of that key and identifier, if there is one and nobody is attached to it."""
    if (key, identifier) not in _unused():
        return False
    with contextlib.suppress(OSError, AttributeError, ImportError):
        import ctypes

        return bool(ctypes.CDLL(None).shmctl(identifier, _IPC_RMID, None) == 0)
    return False


def _unused() -> set[tuple[int, int]]:
    """Key and identifier of each segment that nobody is attached to. Linux only."""
    found = set()
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/sysvipc/shm") as file:
        next(file, None)
        for line in file:
            fields = line.split()
            if int(fields[6]) == 0:
                found.add((int(fields[0]), int(fields[1])))
    return found
