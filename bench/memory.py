"""Memory of a whole process tree while it runs: Linux only, from ``/proc``."""

import ctypes
import os
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Self

PROC = Path("/proc")
EVERY_S = 0.05
PR_SET_CHILD_SUBREAPER = 36
KINDS = {"PSS": ("Pss:",), "private": ("Private_Clean:", "Private_Dirty:"), "RSS": ("Rss:",)}
"""PSS charges a page in parts to all who share it, RSS in full to each; private ones have one user."""


class PeakMemory:
    """Samples the summed PSS of this process's descendants, from ``with`` to its end.

    PSS counts a shared page in parts, so forked workers are not charged twice for what they share.
    Sampling costs time: use it in rounds whose wall time is not measured.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        _adopt_orphans()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.is_set():
            started = time.perf_counter()
            self.peak_bytes = max(self.peak_bytes, sum(map(_pss_bytes, _descendants(os.getpid()))))
            self._stop.wait(max(0.0, EVERY_S - (time.perf_counter() - started)))


def _adopt_orphans() -> None:
    """Become the parent of whatever detaches itself, so that it counts as a descendant."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def is_measurable() -> bool:
    """Whether this system tells the PSS of a process."""
    return (PROC / "self" / "smaps_rollup").exists()


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            children[_parent(entry)].append(int(entry.name))
    found = list(children[root])
    for process in found:
        found.extend(children[process])
    return found


def _parent(entry: Path) -> int:
    try:
        fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:  # it ended meanwhile
        return -1
    return int(fields[1])


def _pss_bytes(process: int) -> int:
    return sizes(process).get("PSS", 0)


def sizes(process: int) -> dict[str, int]:
    """Bytes of memory of each of ``KINDS``; empty if the process has ended."""
    found: dict[str, int] = {}
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return found
    for name, *words in map(str.split, lines[1:]):
        for kind, names in KINDS.items():
            if name in names:
                found[kind] = found.get(kind, 0) + int(words[0]) * 1024
    return found
