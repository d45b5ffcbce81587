"""Repeat tests under varied circumstances, and keep count."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from random import Random
from typing import Protocol

from handrail.app.bisecting import NotCollectedError
from handrail.core.ordering import Place, shuffled
from handrail.core.stressing import (
    Failure,
    Stressed,
    Tally,
    Variation,
    turn,
    worst_failure,
)
from handrail.frozen import dataclass, field, replace
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.model.trials import Found, Trial, Tried

KEPT_FAILURES = 100
SLOW_IO_S = 0.02
_LOOK_S = 0.1
_SILENT = frozenset({Outcome.SKIPPED})
DATES = (
    "2024-02-29 12:00:00", "2025-12-31 23:59:55", "2026-03-29 01:59:55", "2026-10-25 02:59:55",
    "2027-01-01 00:00:00", "2030-06-15 00:00:01", "2038-01-19 03:14:00", "2001-09-09 01:46:40",
)  # fmt: skip
"""A leap day, the ends of a year, changes of the clock, a leap in the number of seconds."""


class Pool(Protocol):
    """Where trials are run, several at once."""

    def found(self) -> Found:
        """What the tests are."""
        ...

    def begin(self, trial: Trial, environ: Mapping[str, str]) -> None:
        """Start a trial."""
        ...

    def results(self, timeout_s: float) -> Iterator[Tried]:
        """Trials that have ended."""
        ...


def _no_clock(_date: str) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for."""

    named: tuple[str, ...] = ()
    """Tests, classes, modules; empty: everything that is collected."""
    variations: tuple[Variation, ...]
    most_runs: int | None = None
    for_s: float | None = None
    stops_at_failure: bool = False
    at_once: int = 1
    burners: int = 2
    limit_s: float | None = None
    clock: Callable[[str], dict[str, str]] = _no_clock
    """Variables that give a process another time: that date."""
    date: str = ""
    """The only one that is wanted."""
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Stress:
    """Runs under way, and what became of those that have ended."""

    wanted: Wanted
    pool: Pool
    on_run: Callable[[int, Tally, Failure | None], None]
    """Told of each run that has ended: how many have, those of its variation, and its failure."""
    again: Callable[[Failure, Sequence[str], str], tuple[str, ...]]
    """The command that repeats a failure: of these tests, where that plugin shuffles them."""
    _random: Random = field(default_factory=Random)
    _tallies: dict[Variation, Tally] = field(default_factory=dict)
    _failures: list[Failure] = field(default_factory=list)
    _plain: list[TestFinished] = field(default_factory=list)
    _under_way: dict[int, tuple[Variation, str]] = field(default_factory=dict)
    _began: int = 0
    _ended: int = 0

    def run(self) -> Stressed:
        """To the end. Raises: NotCollectedError, NoTrialsError."""
        began = time.monotonic()
        found = self.pool.found()
        tests = self._chosen(found)
        self._tallies = {each: Tally(variation=each) for each in self.wanted.variations}
        while True:
            while self._may_begin(began) and self._has_room():
                self._begin(tests, found.tests)
            if not self._under_way:
                break
            for tried in self.pool.results(_LOOK_S):
                self._count(tried, tests)
            if self.wanted.stops_at_failure and self._failures:
                break
        stressed = Stressed(
            tests=tests,
            tallies=tuple(self._tallies.values()),
            failures=tuple(self._failures),
            left_out=self.wanted.left_out,
            seconds=time.monotonic() - began,
            plain=tuple(self._plain),
        )
        worst = worst_failure(stressed)
        if worst is None:
            return stressed
        return replace(stressed, again=self.again(worst, tests, found.shuffler))

    def _chosen(self, found: Found) -> tuple[str, ...]:
        tests: dict[str, None] = {}
        for name in self.wanted.named:
            mine = [each for each in found.tests if _is_part(each, name)]
            if not mine:
                raise NotCollectedError(name, found)
            tests.update(dict.fromkeys(mine))
        return tuple(tests) or found.tests

    def _may_begin(self, began: float) -> bool:
        wanted = self.wanted
        if wanted.stops_at_failure and self._failures:
            return False
        if wanted.for_s is not None and time.monotonic() - began >= wanted.for_s:
            return False
        return wanted.most_runs is None or self._began < wanted.most_runs

    def _has_room(self) -> bool:
        """Whether another run may be under way now; one that burdens the processors only with its like."""
        is_burden = turn(self.wanted.variations, self._began) is Variation.CPU
        others = [each is Variation.CPU for each, _ in self._under_way.values()]
        return len(others) < self.wanted.at_once and all(each == is_burden for each in others)

    def _begin(self, tests: tuple[str, ...], everything: Sequence[str]) -> None:
        variation = turn(self.wanted.variations, self._began)
        self._began += 1
        trial = Trial(number=self._began, tests=tests, limit_s=self.wanted.limit_s)
        environ: dict[str, str] = {}
        detail = ""
        match variation:
            case Variation.ORDER:
                seed = self._random.getrandbits(32)
                detail = str(seed)
                trial = replace(trial, tests=_among_mates(tests, everything, seed))
            case Variation.CPU:
                trial = replace(trial, burners=self.wanted.burners)
            case Variation.SLOW_IO:
                trial = replace(trial, slow_io_s=SLOW_IO_S)
            case Variation.HASH_SEED:
                detail = str(self._random.randrange(1, 2**32))
                environ["PYTHONHASHSEED"] = detail
            case Variation.CLOCK:
                detail = self.wanted.date or DATES[self._random.randrange(len(DATES))]
                environ = self.wanted.clock(detail)
            case Variation.NONE:
                pass
        self._under_way[trial.number] = (variation, detail)
        self.pool.begin(trial, environ)

    def _count(self, tried: Tried, tests: Sequence[str]) -> None:
        variation, detail = self._under_way.pop(tried.number)
        own = set(tests)
        ran = [each for each in tried.outcomes if each[0] in own and each[1] not in _SILENT]
        bad = next((test for test, outcome, _ in ran if outcome.is_bad), "")
        if not bad and tried.ended_by in own:
            bad = tried.ended_by
        if not ran and not bad:
            return  # skipped, or the fault of another test
        if variation is Variation.NONE:
            self._plain += _attempts(tried, own)
        failure = None
        if bad:
            failure = Failure(
                test=bad,
                variation=variation,
                detail=detail,
                problem=tried.problem if bad != tried.ended_by else None,
                ending=tried.ending if bad == tried.ended_by else "",
            )
            if len(self._failures) < KEPT_FAILURES:
                self._failures.append(failure)
        tally = self._tallies[variation]
        tally = replace(tally, runs=tally.runs + 1, failures=tally.failures + bool(bad))
        self._tallies[variation] = tally
        self._ended += 1
        self.on_run(self._ended, tally, failure)


def _attempts(tried: Tried, own: AbstractSet[str]) -> Iterator[TestFinished]:
    """What history is told of a run."""
    now = time.time()
    ended = [(tried.ended_by, Outcome.FAILED, 0.0)] if tried.ended_by else []
    for test, outcome, seconds in (*tried.outcomes, *ended):
        if test in own:
            yield TestFinished(at=now, test=test, outcome=outcome, duration_s=seconds)


def _is_part(test: str, name: str) -> bool:
    return test == name or test.startswith((f"{name}::", f"{name}[", f"{name.rstrip('/')}/"))


def _among_mates(tests: Sequence[str], everything: Sequence[str], seed: int) -> tuple[str, ...]:
    """These and their module-mates, in the order of this seed, up to the last of these."""
    modules = {each.partition("::")[0] for each in tests}
    mates = [each for each in everything if each.partition("::")[0] in modules]
    order = [mates[place] for place in shuffled([Place(each) for each in mates], seed)]
    own = set(tests)
    last = max(place for place, each in enumerate(order) if each in own)
    return tuple(order[: last + 1])
