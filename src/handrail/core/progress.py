"""Where a run stands while it runs: counts, how long it may still take, which tests are slow."""

from collections.abc import Mapping
from enum import StrEnum

from handrail.core.ahead import Outlook
from handrail.frozen import dataclass, field
from handrail.model.events import Running

MIN_PACED_TESTS = 3
"""Tests that must be done before their pace says anything about the rest."""
PRIOR_SHARE = 0.25
"""How much what history expects weighs against what this run has shown: as much as this share of it."""
SLOW_FACTOR = 3.0
SLOW_FLOOR_S = 1.0
"""Below this nothing is called slow, however quick it usually is."""
SLOW_UNKNOWN_S = 5.0
"""When a test without history is called slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A run at one moment, cheap to make: O(1) in the number of tests. Times are epoch seconds."""

    run_id: str
    tiers: tuple[str, ...]
    started_at: float
    last_at: float
    """When anything was last heard."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Counted as plain pytest counts; each test by its last attempt."""
    done: int = 0
    total: int | None = None
    """How many tests are to run; None before collection ended."""
    bad: int = 0
    """Tests and modules that are known to fail."""
    collected_at: float | None = None
    estimate_s: float | None = None
    usual_s: float | None = None
    """What runs of this selection usually take, from their start to their end."""
    outlook: Outlook | None = None
    """What is left, by history; None where it knows nothing of these tests."""
    budget_s: float | None = None
    running: tuple[Running, ...] = ()
    running_at: float = 0.0
    """When ``running`` was true; a test's ``for_s`` counts up to here."""


class Basis(StrEnum):
    """What an estimate of the time left rests on."""

    HISTORY = "history"
    PACE = "pace"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Eta:
    """How long the run may still take; ``remaining_s`` is None where nobody knows."""

    remaining_s: float | None
    basis: Basis


_UNKNOWN = Eta(remaining_s=None, basis=Basis.NONE)


def eta(standing: Standing, now: float) -> Eta:
    """Estimate the wall seconds left.

    Until the tests are known: by what such runs usually take. Then by what is left of the tests:
    what each usually takes, on these workers, as much slower or quicker as this run has been so far,
    and no less than its longest test. Tests that history does not know are taken to be like those
    that have finished; where they are most of what is left, that is called pace.
    """
    if standing.collected_at is None or standing.total is None:
        return _before_collection(standing, now)
    ran_s = max(0.0, now - standing.collected_at)
    left = max(0, standing.total - standing.done)
    if not left:
        return Eta(remaining_s=0.0, basis=Basis.PACE if standing.done else Basis.NONE)
    if standing.outlook is not None:
        return _by_tests(standing, standing.outlook, ran_s, now)
    if standing.estimate_s is not None and ran_s < standing.estimate_s:
        return Eta(remaining_s=standing.estimate_s - ran_s, basis=Basis.HISTORY)
    if standing.done >= MIN_PACED_TESTS:
        return Eta(remaining_s=ran_s * left / standing.done, basis=Basis.PACE)
    return _UNKNOWN


def _before_collection(standing: Standing, now: float) -> Eta:
    if standing.usual_s is None:
        return _UNKNOWN
    left_s = standing.usual_s - max(0.0, now - standing.started_at)
    return Eta(remaining_s=left_s, basis=Basis.HISTORY) if left_s > 0 else _UNKNOWN


def _by_tests(standing: Standing, ahead: Outlook, ran_s: float, now: float) -> Eta:
    is_known = ahead.known >= ahead.new
    if not is_known and (ahead.new_s is None or standing.done < MIN_PACED_TESTS):
        return _UNKNOWN
    waited = {each.test: waited_s(each, standing, now) for each in standing.running}
    begun_s = sum(
        min(seconds, ahead.longest[test])
        for test, seconds in waited.items()
        if test in ahead.longest
    )
    left_s = ahead.known_s + ahead.new * (ahead.new_s or 0.0) - begun_s
    done_s = ahead.done_usual_s + begun_s
    prior_s = PRIOR_SHARE * (left_s + done_s)
    if not prior_s:
        return _UNKNOWN
    slowness = (ahead.done_known_s + prior_s) / (ahead.done_known_usual_s + prior_s)
    tests = ahead.known + ahead.new
    # Once the last tests run, idle workers say nothing of how long those take.
    is_busy = tests > len(waited)
    drag = (ran_s * ahead.workers + prior_s) / (done_s + prior_s) if is_busy else slowness
    spread_s = drag * left_s / min(ahead.workers, tests)
    longest_s = max(
        (slowness * usual_s - waited.get(test, 0.0) for test, usual_s in ahead.longest.items()),
        default=0.0,
    )
    left_s = max(spread_s, longest_s)
    if left_s <= 0:
        return _UNKNOWN  # what still runs has taken longer than ever before
    return Eta(remaining_s=left_s, basis=Basis.HISTORY if is_known else Basis.PACE)


def waited_s(running: Running, standing: Standing, now: float) -> float:
    """How long that test has been running by now."""
    return running.for_s + max(0.0, now - standing.running_at)


def is_slow(for_s: float, usual_s: float | None) -> bool:
    """Whether a test is worth a person's attention: over three times its usual time, or over 5 s."""
    if usual_s is None:
        return for_s > SLOW_UNKNOWN_S
    return for_s > max(SLOW_FLOOR_S, SLOW_FACTOR * usual_s)
