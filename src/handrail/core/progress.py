"""Where a run stands while it runs: counts, how long it may still take, which tests are slow."""

from collections.abc import Mapping
from enum import StrEnum

from handrail.frozen import dataclass, field
from handrail.model.events import Running

MIN_PACED_TESTS = 3
"""Tests that must be done before their pace says anything about the rest."""
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
    """Estimate the wall seconds left: by history while it holds, then by the pace so far.

    History holds until the tests have taken as long as it expected them to take altogether.
    """
    if standing.collected_at is None or standing.total is None:
        return _UNKNOWN
    ran_s = max(0.0, now - standing.collected_at)
    left = max(0, standing.total - standing.done)
    if not left:
        return Eta(remaining_s=0.0, basis=Basis.PACE if standing.done else Basis.NONE)
    if standing.estimate_s is not None and ran_s < standing.estimate_s:
        return Eta(remaining_s=standing.estimate_s - ran_s, basis=Basis.HISTORY)
    if standing.done >= MIN_PACED_TESTS:
        return Eta(remaining_s=ran_s * left / standing.done, basis=Basis.PACE)
    return _UNKNOWN


def waited_s(running: Running, standing: Standing, now: float) -> float:
    """How long that test has been running by now."""
    return running.for_s + max(0.0, now - standing.running_at)


def is_slow(for_s: float, usual_s: float | None) -> bool:
    """Whether a test is worth a person's attention: over three times its usual time, or over 5 s."""
    if usual_s is None:
        return for_s > SLOW_UNKNOWN_S
    return for_s > max(SLOW_FLOOR_S, SLOW_FACTOR * usual_s)
