"""The tests that a run has still before it, and what history says of them."""

import heapq
from collections.abc import Iterable, Mapping, Sequence

from handrail.frozen import dataclass

MOST_LONG = 500
"""Tests that are looked at when the longest one left is asked for; the rest is shorter still."""
UNKNOWN_S = -1.0
"""Stands for the usual time of a test that history does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is left and what was done, in usual seconds of one worker."""

    workers: int
    known: int
    """Tests left that history knows."""
    known_s: float
    new: int
    """Tests left that it does not."""
    new_s: float | None
    """What one of those takes, by those that have finished, or else by what the others usually take;
    None if there are neither."""
    done_usual_s: float
    """What history expected the tests to take that have finished; a new one took what it took."""
    done_known_s: float
    """What those that history knows took instead, and what it expected of those."""
    done_known_usual_s: float
    longest: Mapping[str, float]
    """The longest tests left, longest first: one more than there are workers."""


class Ahead:
    """What is left of a run. ``finish`` is O(1), ``outlook`` O(workers)."""

    def __init__(self, tests: Sequence[str], usual_s: Sequence[float], workers: int) -> None:
        self._workers = max(1, workers)
        known = {
            test: max(0.0, seconds)
            for test, seconds in zip(tests, usual_s, strict=False)
            if seconds > UNKNOWN_S
        }
        self._known = known
        """Tests left that history knows."""
        self._new = set(tests) - known.keys()
        self._known_s = sum(known.values())
        self._mean_s = self._known_s / len(known) if known else None
        longest = heapq.nlargest(MOST_LONG, known.items(), key=lambda each: (each[1], each[0]))
        self._longest = longest[::-1]
        """Shortest first, so that those that have finished go from the end."""
        self._took_s = self._done_usual_s = 0.0
        self._new_took_s, self._new_done = 0.0, 0

    def finish(self, test: str, duration_s: float) -> None:
        """It has ended, however it did; what comes after that is another attempt."""
        usual_s = self._known.pop(test, None)
        if usual_s is not None:
            self._known_s -= usual_s
            self._done_usual_s += usual_s
            self._took_s += duration_s
        elif test in self._new:
            self._new.discard(test)
            self._new_took_s += duration_s
            self._new_done += 1

    def outlook(self) -> Outlook:
        """Where the run stands by that."""
        return Outlook(
            workers=self._workers,
            known=len(self._known),
            known_s=max(0.0, self._known_s),
            new=len(self._new),
            new_s=self._new_took_s / self._new_done if self._new_done else self._mean_s,
            done_usual_s=self._done_usual_s + self._new_took_s,
            done_known_s=self._took_s,
            done_known_usual_s=self._done_usual_s,
            longest=dict(self._longest_left()),
        )

    def _longest_left(self) -> Iterable[tuple[str, float]]:
        while self._longest and self._longest[-1][0] not in self._known:
            self._longest.pop()
        found: list[tuple[str, float]] = []
        for test, seconds in reversed(self._longest):
            if test in self._known:
                found.append((test, seconds))
            if len(found) > self._workers:
                break
        return found


def estimate_of(usual_s: Sequence[float], workers: int) -> float | None:
    """Wall seconds that such tests take on these workers; None if less than four in five are known."""
    known = [each for each in usual_s if each > UNKNOWN_S]
    if not known or len(known) < 0.8 * len(usual_s):
        return None
    all_s = sum(known) * len(usual_s) / len(known)
    return max(all_s / max(1, workers), *known)
