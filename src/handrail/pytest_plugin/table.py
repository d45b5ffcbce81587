"""What is known of the tests of a parallel run, as workers and collection tell it."""

from collections.abc import Iterable, Mapping
from typing import Any

from handrail.core.narrowing import later
from handrail.core.ordering import Place, shuffled
from handrail.core.scheduling import CHUNK_S, Agenda, TestTraits, Unit, plan, unit_again
from handrail.frozen import dataclass, field
from handrail.model.events import Running
from handrail.model.spec import Lessons, RunSpec
from handrail.model.tiers import Isolation
from handrail.pytest_plugin.selection import Traits
from handrail.pytest_plugin.work import MODULE_SHIFT


@dataclass(slots=True)
class Table:
    """Tests by index, modules by number."""

    traits: dict[int, Traits] = field(default_factory=dict)
    collect_s: dict[int, float] = field(default_factory=dict)
    """How long each module took to collect."""
    homes: dict[int, set[int]] = field(default_factory=dict)
    """The modules that each worker has collected."""
    deselected: int = 0
    chosen: Mapping[int, Traits] | None = None
    """Those that are to be run; None: all."""

    @property
    def planned(self) -> Mapping[int, Traits]:
        """The tests that are to be run."""
        return self.traits if self.chosen is None else self.chosen

    def add(self, worker: int, module: int, seconds: float, tests: Iterable[Iterable[Any]]) -> bool:
        """A worker has collected a module; whether it is the first that has."""
        self.homes.setdefault(worker, set()).add(module)
        if module in self.collect_s:
            return False
        self.collect_s[module] = seconds
        for place, each in enumerate(tests):
            self.traits[(module << MODULE_SHIFT) | place] = Traits(*each)
        return True

    def shuffle(self, seed: int | None) -> None:
        """Bring the tests into the order of this seed; None leaves them as they are."""
        if seed is None:
            return
        found = list(self.traits.items())
        places = [Place(each.nodeid, each.groups) for _, each in found]
        self.traits = dict(found[position] for position in shuffled(places, seed))

    def agenda(self, lessons: Lessons, spec: RunSpec, *, has_homes: bool) -> Agenda:
        """The units of work. ``has_homes``: only who has collected a module can run its tests."""
        units = plan(
            {index: _traits(index, each) for index, each in self.planned.items()},
            usual_s=lessons.usual_s,
            failed=lessons.failed if spec.is_failed_first else (),
            is_split=spec.isolate is Isolation.TEST,
            is_ordered=spec.seed is not None,
            later=later(((e.nodeid, e.bond) for e in self.planned.values()), spec.later),
        )
        homes = {worker: frozenset(modules) for worker, modules in self.homes.items()}
        return Agenda(
            pending=units,
            homes=homes if has_homes else None,
            collect_s=self.collect_s,
            slow_s=self._slow_s(lessons.usual_s),
            hands_out_one=spec.isolate is Isolation.TEST,
            is_retrying=any(each.retries for each in self.planned.values()),
        )

    def again(self, test: int) -> Unit:
        """The unit of a test that is tried again."""
        return unit_again(test, _traits(test, self.traits[test]))

    def _slow_s(self, usual_s: Mapping[str, float]) -> dict[int, float]:
        if not usual_s:
            return {}
        found = ((index, usual_s.get(each.nodeid, 0.0)) for index, each in self.planned.items())
        return {index: seconds for index, seconds in found if seconds > CHUNK_S / 4}

    def running(
        self, now: Iterable[tuple[int, int, float]], usual_s: Mapping[str, float]
    ) -> tuple[Running, ...]:
        """As an event says it. ``now``: worker, test, for how long already."""
        return tuple(
            Running(
                test=traits.nodeid,
                for_s=for_s,
                worker=f"gw{worker}",
                usual_s=usual_s.get(traits.nodeid),
                limit_s=traits.limit_s or None,
            )
            for worker, test, for_s in now
            if (traits := self.traits.get(test)) is not None
        )


def _traits(index: int, found: Traits) -> TestTraits:
    return TestTraits(
        module=index >> MODULE_SHIFT,
        name=found.nodeid,
        locks=frozenset(found.locks),
        is_serial=found.is_serial,
        bond=found.bond,
    )
