"""Which tests give different answers to the same code, and how often. No I/O.

Proof is a pass and a failure at the same code. Everything else is a rate with its interval: the
share of failures, recent attempts weighing more.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from enum import StrEnum

from handrail.frozen import dataclass

HALF_LIFE = 50.0
"""After so many further attempts, one weighs half."""
_Z = 1.959963984540054
"""Of the normal distribution: an interval that holds the true rate in 95 of 100 cases."""
_BAD = frozenset({"failed", "error"})
_SILENT = frozenset({"skipped"})
_LIKELY_CHANGES = 3


class Certainty(StrEnum):
    """What the attempts at a test say about it, the worst first."""

    PROVEN = "proven"
    """It passed and failed at the same code."""
    LIKELY = "likely"
    """It went back and forth more often than one bug and its fix explain."""
    UNLIKELY = "unlikely"
    """It failed, at most for one stretch."""
    NONE = "none"
    """It never failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flakiness:
    """What is known about one test. Rates are failures per attempt, 0 to 1."""

    test: str
    certainty: Certainty
    attempts: int
    """That ran: skips do not count."""
    failures: int
    rate: float
    low: float
    high: float
    changes: int
    """How often the outcome differed from that of the attempt before."""
    proofs: tuple[str, ...]
    """Codes at which it passed and failed, the newest first."""
    codes: int
    """Different codes among the attempts."""
    outcomes: tuple[str, ...]
    """Newest first, skips included."""

    @property
    def is_flaky(self) -> bool:
        """Whether it is to be listed."""
        return self.certainty in {Certainty.PROVEN, Certainty.LIKELY}


def assess(test: str, outcomes: Sequence[str], codes: Sequence[str]) -> Flakiness:
    """Everything that the attempts at a test say, newest first.

    ``codes``: what each attempt was made with; equal words mean the same code, none means unknown.
    """
    ran = [
        (outcome in _BAD, code)
        for outcome, code in zip(outcomes, codes, strict=True)
        if outcome not in _SILENT
    ]
    bad = [is_bad for is_bad, _ in ran]
    rate, low, high = failure_rate(bad)
    changes = sum(one != other for one, other in itertools.pairwise(bad))
    proofs = _proofs(ran)
    return Flakiness(
        test=test,
        certainty=_certainty(bad, changes, is_proven=bool(proofs)),
        attempts=len(ran),
        failures=sum(bad),
        rate=rate,
        low=low,
        high=high,
        changes=changes,
        proofs=proofs,
        codes=len({code for _, code in ran if code}),
        outcomes=tuple(outcomes),
    )


def _certainty(bad: Sequence[bool], changes: int, *, is_proven: bool) -> Certainty:
    if is_proven:
        return Certainty.PROVEN
    if changes >= _LIKELY_CHANGES:
        return Certainty.LIKELY
    return Certainty.UNLIKELY if any(bad) else Certainty.NONE


def _proofs(ran: Iterable[tuple[bool, str]]) -> tuple[str, ...]:
    found: dict[str, set[bool]] = {}
    for is_bad, code in ran:
        if code:
            found.setdefault(code, set()).add(is_bad)
    return tuple(code for code, verdicts in found.items() if len(verdicts) == 2)


def failure_rate(bad: Sequence[bool]) -> tuple[float, float, float]:
    """The share of failures, newest attempt first, and its interval; nothing known: 0, 0, 1.

    An attempt weighs half as much as one ``HALF_LIFE`` attempts later. The weights count as so many
    attempts of equal weight as tell equally much.
    Source: Wilson 1927, "Probable inference"; Kish 1965, "Survey Sampling", for the number.
    """
    if not bad:
        return 0.0, 0.0, 1.0
    if not any(bad):
        weight, squares = _weights(len(bad))
        return 0.0, *wilson(0.0, weight * weight / squares)
    one = 0.5 ** (1 / HALF_LIFE)
    found, at = 0.0, 1.0
    for is_bad in bad:
        if is_bad:
            found += at
        at *= one
    weight, squares = _weights(len(bad))
    rate = 1.0 if all(bad) else min(1.0, found / weight)
    return rate, *wilson(rate, weight * weight / squares)


def _weights(count: int) -> tuple[float, float]:
    """Sum of the weights of so many attempts, and of their squares."""
    one, square = 0.5 ** (1 / HALF_LIFE), 0.25 ** (1 / HALF_LIFE)
    return (1 - one**count) / (1 - one), (1 - square**count) / (1 - square)


def wilson(rate: float, count: float) -> tuple[float, float]:
    """The rates that ``count`` attempts with this share of failures do not contradict."""
    z2 = _Z * _Z / count
    middle = (rate + z2 / 2) / (1 + z2)
    half = _Z / (1 + z2) * math.sqrt(rate * (1 - rate) / count + z2 / (4 * count))
    low = 0.0 if rate <= 0 else max(0.0, middle - half)
    return low, 1.0 if rate >= 1 else min(1.0, middle + half)


def flakiest(found: Iterable[Flakiness]) -> tuple[Flakiness, ...]:
    """The flaky ones of these tests: proven first, then by what their rate is at least."""
    flaky = [each for each in found if each.is_flaky]
    rank = list(Certainty).index
    return tuple(sorted(flaky, key=lambda each: (rank(each.certainty), -each.low, each.test)))


def evidence(found: Flakiness) -> str:
    """What is known, in words: ``3 of 60 attempts failed, at 4 codes; passed and failed at the same code 2 times``."""
    if not found.attempts:
        return "never ran"
    noun = "attempt" if found.attempts == 1 else "attempts"
    said = f"{found.failures} of {found.attempts} {noun} failed"
    if found.codes > 1:
        said += f", at {found.codes} codes"
    if found.proofs:
        times = len(found.proofs)
        often = {1: "", 2: " twice"}.get(times, f" {times} times")
        shown = ", ".join((*found.proofs[:3], *(["..."] if times > 3 else [])))
        said += f"; passed and failed at the same code{often} ({shown})"
    elif found.changes >= _LIKELY_CHANGES:
        said += f"; went back and forth {found.changes} times"
    return said
