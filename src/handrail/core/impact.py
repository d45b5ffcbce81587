"""Why runs failed, and how long stages took, before a change and after it. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from handrail.frozen import dataclass

_BAD = frozenset({"failed", "error"})
_SILENT = frozenset({"skipped"})


class Blame(StrEnum):
    """What made a run what it was."""

    PASSED = "passed"
    INFRASTRUCTURE = "infrastructure"
    """The run broke, not the tests."""
    FLAKY = "flaky"
    """Every test that failed has also passed at the same code."""
    REAL = "real"
    """A test failed that never passed at that code."""
    NONE = "none"
    """It was stopped or refused, or ran nothing: it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One run, as far as it is looked at."""

    started_at: float
    seconds: float
    verdict: str
    stage: str
    code: str
    is_whole: bool
    """Whether its time can be compared with others'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """All runs of some time."""

    counts: Mapping[Blame, int]
    usual_s: Mapping[str, float]
    """By stage, the median of its whole runs; of two in the middle, the longer."""

    @property
    def judged(self) -> int:
        """Runs that passed or failed."""
        return sum(count for blame, count in self.counts.items() if blame is not Blame.NONE)

    def share(self, blame: Blame) -> float | None:
        """Of the runs that passed or failed; None if there is none."""
        return self.counts.get(blame, 0) / self.judged if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Before and after. Without a change everything is after it."""

    before: Period
    after: Period
    since: float | None


def impact(
    runs: Sequence[Past],
    attempts: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    since: float | None,
) -> Impact:
    """``attempts``: of each test that ever failed, its outcomes and the code of each."""
    failed, excused = _failed(attempts)
    late = [run for run in runs if since is None or run.started_at >= since]
    early = [run for run in runs if since is not None and run.started_at < since]
    return Impact(
        before=_period(early, failed, excused),
        after=_period(late, failed, excused),
        since=since,
    )


def _failed(
    attempts: Mapping[str, tuple[Sequence[str], Sequence[str]]],
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By code: the tests that failed at it, and those of them that passed at it too."""
    failed: dict[str, set[str]] = {}
    passed: dict[str, set[str]] = {}
    for test, (outcomes, codes) in attempts.items():
        for outcome, code in zip(outcomes, codes, strict=True):
            if outcome in _BAD:
                failed.setdefault(code, set()).add(test)
            elif outcome not in _SILENT:
                passed.setdefault(code, set()).add(test)
    return failed, {code: tests & passed.get(code, set()) for code, tests in failed.items()}


def _period(
    runs: Iterable[Past], failed: Mapping[str, set[str]], excused: Mapping[str, set[str]]
) -> Period:
    counts = dict.fromkeys(Blame, 0)
    times: dict[str, list[float]] = {}
    for run in runs:
        counts[_blame(run, failed.get(run.code, set()), excused.get(run.code, set()))] += 1
        if run.is_whole and run.verdict in {"passed", "failed"}:
            times.setdefault(run.stage, []).append(run.seconds)
    usual = {stage: sorted(found)[len(found) // 2] for stage, found in sorted(times.items())}
    return Period(counts=counts, usual_s=usual)


def _blame(run: Past, failed: set[str], excused: set[str]) -> Blame:
    match run.verdict:
        case "passed":
            return Blame.PASSED
        case "infra_error":
            return Blame.INFRASTRUCTURE
        case "failed" | "timed_out":
            return Blame.FLAKY if failed and failed == excused else Blame.REAL
        case _:
            return Blame.NONE
