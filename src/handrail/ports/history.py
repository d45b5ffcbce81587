"""What was learned from earlier runs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from handrail.frozen import dataclass
from handrail.model.events import TestFinished


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run, as history keeps it. Times in seconds since the epoch."""

    run_id: str
    started_at: float
    ended_at: float
    verdict: str
    tiers: str
    workers: int
    python: str
    commit: str
    is_dirty: bool
    is_partial: bool = False
    """Whether it ran the rest of another run only, or not all it was to, so that its wall time tells
    nothing."""
    selection: str = ""
    """What somebody narrowed it to (paths, ``-k``), as they would type it."""
    changes: str = ""
    """A hash of what differed from the commit, or nothing if that is not known."""
    machine: str = ""
    seed: str = ""
    """Of the order of the tests, where that was random."""
    services: str = ""
    """What tests had their services from: ``postgres=docker redis=native``."""
    is_apart: bool = False
    """Whether it says nothing about usual runs: neither how long a test takes, nor whether it is
    failing now."""

    @property
    def code(self) -> str:
        """What was tested: see ``code_of``."""
        return code_of(
            self.run_id, self.commit, self.python, is_dirty=self.is_dirty, changes=self.changes
        )


def code_of(run_id: str, commit: str, python: str, *, is_dirty: bool, changes: str) -> str:
    """What was tested: equal words mean the same code, run by the same Python.

    The commit, shortened, with the hash of what differed; or the run, where that is all that is known.
    """
    if not commit or (is_dirty and not changes):
        code = f"run={run_id}"
    else:
        code = f"{commit[:12]}+{changes}" if is_dirty else commit[:12]
    return f"{code} on {python}" if python else code


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a test fared lately, newest first. All tuples are equally long."""

    outcomes: tuple[str, ...]
    commits: tuple[str, ...]
    dirty: tuple[bool, ...] = ()
    """Whether the work tree differed from that commit: then an equal commit proves nothing."""
    codes: tuple[str, ...] = ()
    """What was tested, as ``code_of`` says it."""
    services: tuple[str, ...] = ()
    """What the services of each attempt's run came from, as ``RunRow`` has it."""


class History(Protocol):
    """Results of earlier runs. Every implementation passes the conformance suite.

    "Newest" is what was saved last; inside a run, what comes last in ``attempts``.
    Raises (every method): StateError if the store cannot be read or written.
    """

    def durations(self) -> Mapping[str, float]:
        """Usual wall seconds of each test known, by node id.

        That is the median of the last five attempts that were not skipped (of two in the middle,
        the longer); a test that was only ever skipped takes what its last skip took. Runs apart
        do not count.
        """
        ...

    def last_failed(self) -> frozenset[str]:
        """Node ids whose newest attempt was bad, runs apart left out."""
        ...

    def seen(self, tests: Iterable[str], *, last: int = 10) -> Mapping[str, Seen]:
        """The newest ``last`` outcomes of each of these tests; a test never seen is absent."""
        ...

    def failing(self, *, last: int = 100) -> Mapping[str, Seen]:
        """As ``seen``, of every test that has a bad attempt still kept."""
        ...

    def attempts(self) -> Mapping[str, int]:
        """How many attempts at each test ever ran; skips are not counted."""
        ...

    def usual_run_s(self, tiers: str, workers: int, selection: str = "") -> float | None:
        """Median wall seconds of the last five complete runs like this one; None if there was none.

        Like this one: the same tiers and selection on as many workers. Complete: not partial, and
        ended with the verdict passed or failed. Of two in the middle, the longer.
        """
        ...

    def save(self, run: RunRow, attempts: Sequence[TestFinished]) -> str:
        """Keep one run and its attempts: all of it or nothing.

        Returns what a person should know about it (a damaged store was moved aside), mostly empty.
        """
        ...

    def forget(self, before: float, *, most: int | None = None) -> int:
        """Drop the attempts of runs that ended before that time, the oldest first, at most so many.

        What is known about each test as a whole stays: usual duration, how often it ran, whether it
        failed last. The newest run always stays. Returns how many attempts were dropped.
        """
        ...

    def runs(self, *, last: int = 20) -> Sequence[RunRow]:
        """The newest runs, newest first."""
        ...
