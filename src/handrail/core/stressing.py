"""Repeat tests under varied circumstances, and say which of these makes them fail. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from handrail.core.chance import LIKELY, chance_of
from handrail.core.flakiness import wilson
from handrail.frozen import dataclass
from handrail.model.events import TestFinished
from handrail.model.outcomes import Problem


class Variation(StrEnum):
    """What is different in a run of a test."""

    NONE = "none"
    ORDER = "order"
    """Its module-mates come before it, in a random order."""
    CPU = "cpu"
    """Other processes want the processors."""
    SLOW_IO = "slow-io"
    """Files and sockets are slow, each time by another amount."""
    HASH_SEED = "hash-seed"
    """Sets and dictionaries of strings have other orders."""
    CLOCK = "clock"
    """It is another day, or another hour."""


SPAWNED = frozenset({Variation.HASH_SEED, Variation.CLOCK})
"""Those for which a session is started anew: they must be there before Python is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A run in which a test failed."""

    test: str
    variation: Variation
    detail: str
    """The seed, the date, ...: what makes it this very run."""
    problem: Problem | None = None
    ending: str = ""
    """How its process ended, if it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Runs of one variation."""

    variation: Variation
    runs: int = 0
    failures: int = 0

    @property
    def rate(self) -> float:
        """Share of the runs that failed."""
        return self.failures / self.runs if self.runs else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Rates that these runs do not contradict."""
        return wilson(self.rate, self.runs) if self.runs else (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stressed:
    """What became of all runs."""

    tests: tuple[str, ...]
    tallies: tuple[Tally, ...]
    failures: tuple[Failure, ...] = ()
    """The first ones."""
    left_out: Mapping[str, str]
    """Variations that could not be had here, and why."""
    again: tuple[str, ...] = ()
    """The command for the first failure of the variation that makes them fail most."""
    seconds: float = 0.0
    plain: tuple[TestFinished, ...] = ()
    """Every attempt of the runs in which nothing was different."""

    @property
    def runs(self) -> int:
        """Of all variations."""
        return sum(each.runs for each in self.tallies)

    @property
    def failed(self) -> int:
        """Runs that failed."""
        return sum(each.failures for each in self.tallies)


def turn(variations: Sequence[Variation], number: int) -> Variation:
    """Whose turn it is: A B C A B C, so that what changes meanwhile changes for all of them."""
    return variations[number % len(variations)]


def guilty(tallies: Iterable[Tally]) -> tuple[Variation, ...]:
    """Variations that make tests fail more often than plain runs, the worst first."""
    worse = [each for each, plain in _beside_plain(tallies) if _is_more(each, plain)]
    return tuple(each.variation for each in sorted(worse, key=lambda each: -each.rate))


def helpful(tallies: Iterable[Tally]) -> tuple[Variation, ...]:
    """Variations with which tests fail less often than in plain runs: what they vary matters too."""
    return tuple(each.variation for each, plain in _beside_plain(tallies) if _is_more(plain, each))


def _beside_plain(tallies: Iterable[Tally]) -> list[tuple[Tally, Tally]]:
    found = list(tallies)
    plain = next((each for each in found if each.variation is Variation.NONE), None)
    return [(each, plain) for each in found if each is not plain] if plain is not None else []


def _is_more(one: Tally, other: Tally) -> bool:
    return one.rate > other.rate and _chance_of(one, other) <= LIKELY


def _chance_of(one: Tally, other: Tally) -> float:
    return chance_of(one.failures, one.runs, other.failures, other.runs)


def worst_failure(stressed: Stressed) -> Failure | None:
    """The failure that is worth repeating: of the variation that fails most."""
    by_rate = {each.variation: each.interval[0] for each in stressed.tallies}
    return max(stressed.failures, key=lambda each: by_rate[each.variation], default=None)
