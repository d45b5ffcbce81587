"""How long a stage takes, shown as a sum, and how many shards it would need."""

from collections.abc import Mapping, Sequence

from handrail.ci.covering import Suite, claimed, sharded
from handrail.ci.stages import Job
from handrail.core.shards import Sharded, shares
from handrail.frozen import dataclass
from handrail.model.units import format_duration

WORKERS = 2
"""Of a machine of CI, unless the configuration says how many."""
_MOST_SHARDS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Of one stage."""

    install_s: float
    longest_s: float
    """Of its longest shard."""
    limit_s: float
    """Install time and budget."""
    shards: int
    proposed: int | None
    """Shards with which it would fit; None if no number does."""
    known: int
    """Tests with a recorded time."""
    tests: int
    workers: int

    @property
    def fits(self) -> bool:
        """Whether it ends in time."""
        return self.install_s + self.longest_s <= self.limit_s

    def text(self) -> str:
        """The sum, as one writes it down."""
        if not self.known:
            return f"{self.tests} tests, no recorded times: handrail report --format durations -o .handrail-durations.json"
        parts = (
            f"install {format_duration(self.install_s)} + longest shard "
            f"{format_duration(self.longest_s)} = {format_duration(self.install_s + self.longest_s)} "
            f"of {format_duration(self.limit_s)}"
        )
        basis = f"({self.known} of {self.tests} tests with recorded times, {self.workers} workers)"
        if self.fits:
            return f"{parts}: fits {basis}"
        advice = (
            f"shards = {self.proposed} would fit"
            if self.proposed
            else "no number of shards fits: a module that stays whole, or a test, is too long"
        )
        return f"{parts}: too long; {advice} {basis}"


def add_up(job: Job, tests: Sequence[Sharded], seconds: Mapping[str, float], workers: int) -> Sum:
    """The sum for the tests of a stage. ``seconds``: recorded, by node id."""
    known = sum(1 for test in tests if test.name in seconds)
    limit_s = job.install_s + job.budget_s
    longest_s = longest(tests, seconds, job.shards, workers)
    proposed = None
    if job.install_s + longest_s > limit_s:
        proposed = next(
            (
                of
                for of in range(job.shards + 1, _MOST_SHARDS + 1)
                if longest(tests, seconds, of, workers) <= job.budget_s
            ),
            None,
        )
    return Sum(
        install_s=job.install_s,
        longest_s=longest_s,
        limit_s=limit_s,
        shards=job.shards,
        proposed=proposed,
        known=known,
        tests=len(tests),
        workers=workers,
    )


def longest(tests: Sequence[Sharded], seconds: Mapping[str, float], of: int, workers: int) -> float:
    """Seconds that the longest of so many shards takes: its tests on its workers, or one long test.

    A test without a recorded time takes as long as those that have one do on average.
    """
    known = [seconds[test.name] for test in tests if test.name in seconds]
    if not known:
        return 0.0
    usual = sum(known) / len(known)
    loads = [0.0] * of
    peaks = [0.0] * of
    for name, number in shares(tests, seconds, of).items():
        took = seconds.get(name, usual)
        loads[number - 1] += took
        peaks[number - 1] = max(peaks[number - 1], took)
    return max(max(load / workers, peak) for load, peak in zip(loads, peaks, strict=True))


def sum_of(job: Job, suite: Suite, seconds: Mapping[str, float]) -> Sum:
    """The sum of a stage, on as many workers as the configuration says."""
    tests = sharded(suite, claimed(suite, job))
    return add_up(job, tests, seconds, suite.settings.workers or WORKERS)
