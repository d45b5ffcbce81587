"""How long a test usually takes, from a few attempts kept ready beside it. No I/O."""

from collections.abc import Sequence

from handrail.model.outcomes import Outcome

KEPT = 5
"""How many attempts the usual duration looks back: one time-out among them moves nothing."""


def recent_after(recent_s: tuple[float, ...], outcome: Outcome, took_s: float) -> tuple[float, ...]:
    """Seconds of the newest attempts that ran, oldest first, after one more attempt.

    A skip takes no time, so it tells nothing about how long the test takes.
    """
    return recent_s if outcome is Outcome.SKIPPED else (*recent_s, took_s)[-KEPT:]


def middle(seconds: Sequence[float]) -> float:
    """The median; of two in the middle the longer, so that it is always a time that was measured."""
    return sorted(seconds)[len(seconds) // 2]
