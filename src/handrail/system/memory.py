"""The memory of this machine, or of the container that this is."""

import contextlib
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


def available_bytes(*, meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> int | None:
    """What may still be used without swapping: of the machine, or less if a cgroup allows less.

    None if the system does not tell.
    """
    found = [each for each in (_of_machine(meminfo), _of_cgroup(cgroup)) if each is not None]
    return min(found, default=None)


def _of_machine(meminfo: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in meminfo.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _of_cgroup(cgroup: Path) -> int | None:
    """Version 2. What files take in its caches can be had back."""
    with contextlib.suppress(OSError, ValueError):
        most = int((cgroup / "memory.max").read_text("ascii"))
        used = int((cgroup / "memory.current").read_text("ascii"))
        statistics = (cgroup / "memory.stat").read_text("ascii").splitlines()
        caches = next(
            int(line.split()[1]) for line in statistics if line.startswith("inactive_file ")
        )
        return max(0, most - used + caches)
    return None
