"""Which tests a worker gets next. Pure: an ``Agenda`` in, an ``Agenda`` out.

A *unit* is what stays together: the tests of a module. A worker *holds* a unit and gets it in chunks
of about ``CHUNK_S``. When no unit is left, it steals the tail of the largest unit that another worker
holds, if the tail is worth more than collecting the module once again. A unit is never cut where a
fixture of a class or module lives on: it is set up once, and torn down after its last test.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import TypeVar

from handrail.frozen import dataclass, field, replace

Value = TypeVar("Value")

CHUNK_S = 0.03
"""Work handed out at a time: 300 times what a round trip costs, and too short to wait for."""
CHUNK_TESTS = 100
FIRST_CHUNK = 4
"""Tests handed out while nothing is known about how long they take."""
GUESS_S = 0.002
"""What a test is taken to cost before any of its kind was seen."""
WORTH_S = 0.05
"""A tail shorter than this is not worth stealing."""
MODULE_BOND = "module"
"""The bond of a test that uses a fixture of its whole module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Tests that stay together and the constraints they share."""

    key: int
    module: int
    tests: tuple[int, ...]
    usual_s: float | None = None
    """From history: how long all of it takes; None if unknown."""
    locks: frozenset[str] = frozenset()
    """Exclusive resources: no two units that share one run at the same time."""
    is_serial: bool = False
    """Whether nothing else may run meanwhile."""
    tied: frozenset[int] = frozenset()
    """Tests that must run in the worker that runs the test before them."""
    strikes: int = 0
    """Workers that were given some of it and died before they began a test."""
    is_again: bool = False
    """Whether it is one test that failed and is tried again: after the rest of its module."""
    is_later: bool = False
    """Whether it begins after all others that are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A unit in the hands of a worker: what is left of it and what was learned about it."""

    unit: Unit
    rest: tuple[int, ...]
    """Not handed out yet."""
    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A chunk in the hands of a worker."""

    unit: Unit
    tests: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """The work that has not been done: units nobody holds, and what the holders have left."""

    pending: tuple[Unit, ...]
    """In the order in which they should begin."""
    held: Mapping[int, Hold] = field(default_factory=dict)
    """By worker."""
    homes: Mapping[int, frozenset[int]] | None = None
    """Modules that each worker has collected; None if every worker has them all."""
    collect_s: Mapping[int, float] = field(default_factory=dict)
    """What collecting each module cost."""
    slow_s: Mapping[int, float] = field(default_factory=dict)
    """From history: seconds of the tests that take longer than a chunk."""
    count: int = 0
    seconds: float = 0.0
    """Of all tests finished so far."""
    hands_out_one: bool = False
    """Whether chunks hold one test only."""
    is_retrying: bool = False
    """Whether a test that fails may be tried again."""
    stuck: frozenset[int] = frozenset()
    """Workers whose test takes so long that nothing can be expected of them."""

    @property
    def is_empty(self) -> bool:
        """Whether every test has been handed out."""
        return not self.pending and not any(hold.rest for hold in self.held.values())

    def waiting(self) -> int:
        """How many tests have not been handed out."""
        return sum(len(unit.tests) for unit in self.pending) + sum(
            len(hold.rest) for hold in self.held.values()
        )

    def learn(self, worker: int, count: int, seconds: float, own: int) -> "Agenda":
        """``count`` tests took ``seconds``; ``own`` of them belong to what this worker holds."""
        agenda = replace(self, count=self.count + count, seconds=self.seconds + seconds)
        hold = self.held.get(worker)
        if hold is None or not own:
            return agenda
        own_s = seconds * own / count
        hold = replace(hold, count=hold.count + own, seconds=hold.seconds + own_s)
        return replace(agenda, held={**self.held, worker: hold})

    def release(self, worker: int) -> "Agenda":
        """The worker has finished its chunk; a unit of which nothing is left is let go."""
        hold = self.held.get(worker)
        if hold is None or hold.rest:
            return self
        return replace(self, held=_without(self.held, worker))

    def give_back(
        self, worker: int, unit: Unit, left: tuple[int, ...], *, strikes: int = 0
    ) -> "Agenda":
        """The worker will not run ``left``, nor the rest of its unit: somebody else must, first."""
        hold = self.held.get(worker)
        tests = left + (hold.rest if hold else ())
        agenda = replace(self, held=_without(self.held, worker))
        if not tests:
            return agenda
        share = len(tests) / len(unit.tests)
        usual = None if unit.usual_s is None else unit.usual_s * share
        rest = replace(unit, tests=tests, usual_s=usual, strikes=unit.strikes + strikes)
        return replace(agenda, pending=(rest, *self.pending))

    def again(self, unit: Unit) -> "Agenda":
        """A test is to be tried again: as soon as its module is done, while its fixtures live."""
        first = sum(each.is_again for each in self.pending)
        return replace(self, pending=(*self.pending[:first], unit, *self.pending[first:]))

    def drop(self, worker: int) -> "Agenda":
        """Nobody will run what is left of the unit that this worker holds."""
        return replace(self, held=_without(self.held, worker))

    def collected(self, worker: int, module: int) -> "Agenda":
        """The worker has collected this module as well."""
        if self.homes is None:
            return self
        home = self.homes.get(worker, frozenset()) | {module}
        return replace(self, homes={**self.homes, worker: home})

    def without(self, worker: int) -> "Agenda":
        """The worker is gone, and what it had collected with it."""
        if self.homes is None or worker not in self.homes:
            return self
        return replace(self, homes=_without(self.homes, worker))


def estimate_s(agenda: Agenda) -> float:
    """Seconds that one worker would need for everything not handed out yet."""
    usual = _usual_s(agenda)
    return sum(_unit_s(unit, usual) for unit in agenda.pending) + sum(
        len(hold.rest) * _mean_s(hold, usual) for hold in agenda.held.values()
    )


def take(agenda: Agenda, worker: int) -> tuple[Agenda, Taken | None]:
    """The next chunk for this worker, or None if there is nothing for it now.

    What it holds comes first, then a unit whose module it has collected, then one that another
    worker has collected, then the tail of what another worker holds.
    """
    hold = agenda.held.get(worker)
    if hold is not None and hold.rest:
        return _hand_out(agenda, worker, hold)
    agenda = replace(agenda, held=_without(agenda.held, worker))
    if any(hold.unit.is_serial for hold in agenda.held.values()):
        return agenda, None
    position = _choose(agenda, worker)
    if position is not None:
        unit = agenda.pending[position]
        pending = agenda.pending[:position] + agenda.pending[position + 1 :]
        agenda = replace(agenda, pending=pending)
        return _hand_out(agenda, worker, Hold(unit=unit, rest=unit.tests))
    return _steal(agenda, worker)


def _hand_out(agenda: Agenda, worker: int, hold: Hold) -> tuple[Agenda, Taken]:
    size = _chunk(agenda, hold)
    taken = Taken(unit=hold.unit, tests=hold.rest[:size])
    hold = replace(hold, rest=hold.rest[size:])
    return replace(agenda, held={**agenda.held, worker: hold}), taken


def _chunk(agenda: Agenda, hold: Hold) -> int:
    if agenda.hands_out_one:
        return 1
    mean = _mean_s(hold, _usual_s(agenda))
    unknown = hold.count == 0 and hold.unit.usual_s is None
    most = FIRST_CHUNK if unknown and agenda.count < 100 else CHUNK_TESTS
    total = 0.0
    for size, test in enumerate(hold.rest[:most]):
        total += agenda.slow_s.get(test, mean)
        if total >= CHUNK_S:
            return size + 1
    return min(most, len(hold.rest))


def _choose(agenda: Agenda, worker: int) -> int | None:
    """Position of the pending unit that this worker should begin, or None."""
    taken_locks = frozenset[str]().union(*(hold.unit.locks for hold in agenda.held.values()))
    foreign: int | None = None
    is_held_up = False  # what comes before the later ones cannot begin now
    for position, unit in enumerate(agenda.pending):
        if unit.is_later and is_held_up:
            break
        if unit.is_again and _is_under_way(agenda, unit.module):
            continue
        if unit.locks & taken_locks or (unit.is_serial and agenda.held):
            is_held_up = True
            continue
        owners = _owners(agenda, unit.module)
        if owners is None or worker in owners or not owners:
            return position
        is_held_up = True
        if foreign is None and _is_worth_collecting(agenda, unit, owners):
            foreign = position
    return foreign


def _is_under_way(agenda: Agenda, module: int) -> bool:
    """Whether somebody runs tests of this module, or some have not had their first attempt yet."""
    return any(hold.unit.module == module for hold in agenda.held.values()) or any(
        unit.module == module and not unit.is_again for unit in agenda.pending
    )


def _owners(agenda: Agenda, module: int) -> frozenset[int] | None:
    if agenda.homes is None:
        return None
    return frozenset(each for each, modules in agenda.homes.items() if module in modules)


def _is_worth_collecting(agenda: Agenda, unit: Unit, owners: frozenset[int]) -> bool:
    """Whether the owner is busy for longer than collecting the module once more takes."""
    usual = _usual_s(agenda)
    for owner in owners - agenda.stuck:
        hold = agenda.held.get(owner)
        busy_s = len(hold.rest) * _mean_s(hold, usual) if hold else 0.0
        ahead = sum(
            _unit_s(each, usual)
            for each in agenda.pending
            if owner in (_owners(agenda, each.module) or ()) and each.key != unit.key
        )
        if busy_s + ahead < agenda.collect_s.get(unit.module, 0.0):
            return False
    return True


def _steal(agenda: Agenda, worker: int) -> tuple[Agenda, Taken | None]:
    usual = _usual_s(agenda)
    most_s, best = 0.0, None
    for other, hold in agenda.held.items():
        if hold.unit.locks or not hold.rest:
            continue
        owners = _owners(agenda, hold.unit.module)
        is_home = owners is None or worker in owners
        again_s = 0.0 if is_home else agenda.collect_s.get(hold.unit.module, 0.0)
        rest_s = len(hold.rest) * _mean_s(hold, usual)
        if other in agenda.stuck:
            rest_s, share = math.inf, 0.0
        elif rest_s > WORTH_S + 2 * again_s:
            share = (rest_s + again_s) / (2 * rest_s)
        else:
            continue
        cut = _cut(hold, share) if rest_s > most_s else None
        if cut is not None:
            most_s, best = rest_s, (other, hold, cut)
    if best is None:
        return agenda, None
    other, hold, cut = best
    left, stolen = replace(hold, rest=hold.rest[:cut]), replace(hold, rest=hold.rest[cut:])
    return _hand_out(replace(agenda, held={**agenda.held, other: left}), worker, stolen)


def _cut(hold: Hold, share: float) -> int | None:
    """Where to cut the rest so that its holder keeps about this share; None if it must stay whole."""
    ideal = min(len(hold.rest) - 1, round(len(hold.rest) * share))
    if not hold.unit.tied:
        return ideal
    places = [n for n, test in enumerate(hold.rest) if test not in hold.unit.tied]
    return min(places, key=lambda place: abs(place - ideal), default=None)


def _usual_s(agenda: Agenda) -> float:
    return agenda.seconds / agenda.count if agenda.count else GUESS_S


def _mean_s(hold: Hold, usual: float) -> float:
    if hold.count >= 3 or (hold.count and hold.unit.usual_s is None):
        return hold.seconds / hold.count
    if hold.unit.usual_s is not None:
        return hold.unit.usual_s / len(hold.unit.tests)
    return usual


def _unit_s(unit: Unit, usual: float) -> float:
    return unit.usual_s if unit.usual_s is not None else len(unit.tests) * usual


def _without(mapping: Mapping[int, Value], key: int) -> dict[int, Value]:
    return {each: value for each, value in mapping.items() if each != key}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTraits:
    """What scheduling must know about one test."""

    __test__ = False

    module: int
    name: str
    locks: frozenset[str] = frozenset()
    is_serial: bool = False
    bond: str = ""
    """What it shares with its neighbours, where a fixture outlives a test: its class, or
    ``MODULE_BOND``."""


def plan(
    tests: Mapping[int, TestTraits],
    *,
    usual_s: Mapping[str, float],
    failed: Iterable[str] = (),
    is_split: bool = False,
    is_ordered: bool = False,
    later: AbstractSet[str] = frozenset(),
) -> tuple[Unit, ...]:
    """Units in the order in which they should begin.

    Units that hold a test of ``failed`` come first, then, where history knows them, the longest;
    units it does not know keep their place in the file order, before the known ones (they may be
    long). Serial units come last. ``is_split``: every test is a unit of its own. ``is_ordered``: the
    order of ``tests`` was asked for; units keep it, whatever history knows. ``later``: tests that
    begin when all others have.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, test in tests.items():
        is_later = test.name in later
        key = (test.module, test.locks, test.is_serial, is_later, index if is_split else None)
        groups.setdefault(key, []).append(index)
    troubled = frozenset(failed)
    units = [
        _unit(number, [(index, tests[index]) for index in group], usual_s, is_later=key[3] is True)
        for number, (key, group) in enumerate(groups.items())
    ]

    def rank(unit: Unit) -> tuple[bool, bool, bool, float]:
        has_failed = (
            any(tests[index].name in troubled for index in unit.tests) if troubled else False
        )
        usual = float("inf") if is_ordered or unit.usual_s is None else unit.usual_s
        return unit.is_later, unit.is_serial, not has_failed, -usual

    return tuple(sorted(units, key=rank))


def unit_again(index: int, test: TestTraits) -> Unit:
    """The unit of a test that is tried again."""
    return Unit(
        key=-1 - index,
        module=test.module,
        tests=(index,),
        locks=test.locks,
        is_serial=test.is_serial,
        is_again=True,
    )


def _unit(
    key: int,
    members: Sequence[tuple[int, TestTraits]],
    usual_s: Mapping[str, float],
    *,
    is_later: bool,
) -> Unit:
    known = [usual_s[test.name] for _, test in members if test.name in usual_s]
    usual = sum(known) * len(members) / len(known) if known else None
    first = members[0][1]
    is_whole = any(test.bond == MODULE_BOND for _, test in members)
    tied = frozenset(
        index
        for (_, before), (index, test) in pairwise(members)
        if is_whole or (test.bond and test.bond == before.bond)
    )
    return Unit(
        key=key,
        module=first.module,
        tests=tuple(index for index, _ in members),
        usual_s=usual,
        locks=first.locks,
        is_serial=first.is_serial,
        tied=tied,
        is_later=is_later,
    )
