"""A worker's memory: its garbage, collected between modules, and how much it holds."""

import gc
import os
import time

GARBAGE_COST_S = 0.03
"""What a full garbage collection is taken to cost before the first one was timed."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Garbage:
    """Collects one generation and the younger ones, as long as that is cheap."""

    def __init__(self, generation: int, cost_s: float) -> None:
        self._generation = generation
        self._cost_s = cost_s
        self._last_at = time.monotonic()

    def collect(self, now: float) -> bool:
        """Collect, unless it would cost more than a hundredth of the time since the last time."""
        if now - self._last_at <= 100 * self._cost_s:
            return False
        gc.collect(self._generation)
        self._last_at = time.monotonic()
        self._cost_s = self._last_at - now
        return True


class OwnMemory:
    """How much memory this process holds. Bytes; 0 where the system does not tell."""

    def __init__(self) -> None:
        self._statm = _open_statm()
        self._at_start = self._last = self._bytes()

    def growth(self) -> int:
        """Since it was last asked."""
        now = self._bytes()
        growth, self._last = now - self._last, now
        return growth

    def growth_in_all(self) -> int:
        """Since the beginning."""
        return self._bytes() - self._at_start

    def _bytes(self) -> int:
        if self._statm is None:
            return 0
        return int(os.pread(self._statm, 64, 0).split()[1]) * _PAGE


def _open_statm() -> int | None:
    try:
        return os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None
