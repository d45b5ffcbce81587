"""Workers that pass, crash, hang and ignore signals, in simulated time: what the controller steers."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from handrail.core import controlling as c
from handrail.core.controller import begin, decide
from handrail.core.narrowing import later
from handrail.core.scheduling import MODULE_BOND, Agenda, TestTraits, plan, unit_again

TICK_S, LOOK_S, HOP_S = 0.1, 0.02, 0.001
LIMIT_S = 5.0
SPAN = 1000
"""Test indices of a module: from its number times this."""


class Does(Enum):
    PASS = auto()
    CRASH = auto()
    CRASH_IN_TEARDOWN = auto()
    CRASH_AFTERWARDS = auto()
    """Between this test and the next."""
    HANG = auto()
    HANG_FOR_GOOD = auto()
    """SIGTERM is ignored."""
    GROW = auto()
    """Until memory is full."""


@dataclass(frozen=True, kw_only=True)
class Test:
    __test__ = False

    does: Does = Does.PASS
    takes_s: float = 0.01
    locks: frozenset[str] = frozenset()
    is_serial: bool = False
    is_unaffected: bool = False
    """Whether it begins after all that are not."""


@dataclass(frozen=True, kw_only=True)
class Module:
    tests: tuple[Test, ...] = (Test(),)
    set_up_s: float = 0.0
    is_whole: bool = False
    """Whether a fixture of the module lives until its last test."""
    collect_s: float = 0.01
    collecting: Does = Does.PASS
    again: Does = Does.PASS
    """What collecting it once more does."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a worker starts and ends."""

    dies: bool = False
    is_mute: bool = False
    """It never asks for anything."""
    lingers: bool = False
    """It does not end when it is told to."""
    ending: Does = Does.PASS
    """What tearing down the session does, once it is told to end."""


@dataclass(kw_only=True)
class Worker:
    number: int
    start: Start
    chunk: list[int] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    modules: list[int] = field(default_factory=list)
    collected: set[int] = field(default_factory=set)
    test: int | None = None
    since: float = 0.0
    limit_s: float = 0.0
    set_up: int | None = None
    has_session: bool = False
    """Whether a fixture of the whole session is set up."""
    last: int = -1
    is_asking: bool = False
    is_deaf: bool = False
    memory_bytes: int = 0
    word: str = "go on"
    has_told: bool = False
    mail: list[c.Fact | int] = field(default_factory=list)
    """Facts, and tests that finished."""
    is_alive: bool = True


class World:
    """Carries out orders and reports facts, as loop and workers do."""

    def __init__(
        self,
        modules: Sequence[Module],
        *,
        workers: int = 2,
        limits: c.Limits | None = None,
        starts: Mapping[int, Start] | None = None,
        is_deferred: bool = False,
        is_fresh: bool = False,
        collect_limit_s: float = LIMIT_S,
        retries: int = 0,
        dump_s: float = 0.001,
    ) -> None:
        self.retries = retries
        self.dump_s = dump_s
        """How long a worker takes to write its stacks."""
        self.told: list[int] = []
        """Workers that have written them."""
        self.settled: Counter[int] = Counter()
        """How often each test finished or was lost; with ``retries``, each time as a failure."""
        self.modules = modules
        self.tests = {
            number * SPAN + place: test
            for number, module in enumerate(modules)
            for place, test in enumerate(module.tests)
        }
        self.starts = starts or {}
        self.is_deferred = is_deferred
        self.collect_limit_s = collect_limit_s
        self.now = 0.0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.serial = 0
        self.workers: dict[int, Worker] = {}
        self.spawned = 0
        self.finished: list[int] = []
        self.finished_at: dict[int, float] = {}
        self.lost: list[tuple[int, c.Loss]] = []
        self.lost_late: list[tuple[int, c.Loss]] = []
        self.session_set_ups: Counter[int] = Counter()
        """By worker."""
        self.uncollected: list[tuple[int, c.Loss]] = []
        self.seen: set[int] = set()
        self.homes: dict[int, set[int]] = defaultdict(set)
        self.begun: Counter[int] = Counter()
        self.set_ups: dict[int, list[int]] = defaultdict(list)
        self.ran_by: dict[int, int] = {}
        self.gave_up = 0
        self.stopped_at = float("inf")
        self.orders: list[c.Order] = []
        limits = limits or c.Limits()
        if is_deferred:
            state = c.State(workers=workers, limits=limits, modules=tuple(range(len(modules))))
        else:
            self.seen = set(range(len(modules)))
            state = c.State(
                workers=workers,
                limits=limits,
                agenda=self.agenda(is_fresh),
                is_fresh_each_unit=is_fresh,
            )
        self.state = state

    def traits(self, index: int) -> TestTraits:
        test = self.tests[index]
        return TestTraits(
            module=index // SPAN,
            name=str(index),
            locks=test.locks,
            is_serial=test.is_serial,
            bond=MODULE_BOND if self.modules[index // SPAN].is_whole else "",
        )

    def settle(self, test: int) -> None:
        self.settled[test] += 1
        if self.settled[test] <= self.retries and not self.state.is_stopping:
            self.tell(c.Again(unit_again(test, self.traits(test))))

    def agenda(self, is_fresh: bool = False) -> Agenda:
        traits = {index: self.traits(index) for index in self.tests if index // SPAN in self.seen}
        homes = {number: frozenset(modules) for number, modules in self.homes.items()}
        unaffected = {str(index) for index, test in self.tests.items() if test.is_unaffected}
        after = later(((e.name, e.bond) for e in traits.values()), unaffected)
        return Agenda(
            pending=plan(traits, usual_s={}, later=after),
            homes=homes if self.is_deferred else None,
            collect_s={n: each.collect_s for n, each in enumerate(self.modules)},
            is_retrying=self.retries > 0,
        )

    # The loop.

    def run(self, *, until_s: float = 2000.0) -> "World":
        self.fold(begin(self.state, self.now))
        if self.is_deferred:
            self.turn(lambda: self.state.is_collected, until_s)
            self.tell(c.Planned(self.agenda()))
        self.turn(lambda: False, until_s)
        assert not self.workers, "all are gone at the end"
        return self

    def turn(self, is_done: Callable[[], bool], until_s: float) -> None:
        next_tick = self.now
        while not is_done() and self.state.jobs:
            assert self.now < until_s, f"it does not end: {self.state}"
            if self.events and self.events[0][0] <= next_tick:
                self.now, _, act = heapq.heappop(self.events)
                act()
            else:
                self.now = next_tick
                next_tick += TICK_S
                self.tick()

    def tick(self) -> None:
        watches = tuple(
            c.Watch(
                n, each.test, self.now - each.since, each.limit_s, each.memory_bytes, each.has_told
            )
            for n, each in self.workers.items()
            if (job := self.state.jobs.get(n)) is not None
            and not (job.is_idle and job.pressure is c.Pressure.NONE)
        )
        for worker in list(self.workers.values()):
            self.read(worker)
        self.tell(c.Tick(watches))

    def at(self, after_s: float, act: Callable[[], None]) -> None:
        self.serial += 1
        heapq.heappush(self.events, (self.now + after_s, self.serial, act))

    def then(self, worker: Worker, after_s: float, act: Callable[[Worker], None]) -> None:
        def run() -> None:
            if worker.is_alive:
                act(worker)

        self.at(after_s, run)

    def tell(self, fact: c.Fact) -> None:
        self.fold(decide(self.state, fact, self.now))

    def fold(self, decision: tuple[c.State, list[c.Order]]) -> None:
        self.state, orders = decision
        for order in orders:
            self.orders.append(order)
            self.obey(order)

    def stop(self, after_s: float, *, now_too: bool = False) -> "World":
        def act() -> None:
            for worker in self.workers.values():
                worker.word = "hand back"
            self.stopped_at = self.now
            self.tell(c.Stop(now_too))

        self.at(after_s, act)
        return self

    def post(self, worker: Worker, item: c.Fact | int, *, is_urgent: bool = False) -> None:
        worker.mail.append(item)
        self.at(HOP_S if is_urgent else LOOK_S, lambda: self.read(worker))

    def read(self, worker: Worker) -> None:
        mail, worker.mail = worker.mail, []
        count = 0
        for item in mail:
            job = self.state.jobs.get(worker.number)
            if job is None or job.doomed is not None:
                continue
            if isinstance(item, int):
                self.finished.append(item)
                self.finished_at[item] = self.now
                self.settle(item)
                count += 1
                continue
            if count:
                self.tell(c.Finished(worker.number, count, count * 0.01))
                count = 0
            if isinstance(item, c.ModuleCollected):
                self.seen.add(item.module)
                self.homes[worker.number].add(item.module)  # and stays, should the worker die
            self.tell(item)
        if count:
            seconds = sum(self.tests[test].takes_s for test in self.finished[-count:])
            self.tell(c.Finished(worker.number, count, seconds))

    # Orders.

    def obey(self, order: c.Order) -> None:
        worker = self.workers.get(getattr(order, "worker", -1))
        match order:
            case c.Spawn(number):
                self.spawn(number)
            case c.RecordLost(_, test, loss, is_late):
                (self.lost_late if is_late else self.lost).append((test, loss))
                if not is_late:
                    self.settle(test)
            case c.RecordUncollected(_, module, loss):
                self.uncollected.append((module, loss))
            case c.GiveUp():
                self.gave_up += 1
            case _ if worker is not None and worker.is_alive:
                self.press(order, worker)
            case _:
                pass

    def press(self, order: c.Order, worker: Worker) -> None:
        match order:
            case c.Run(_, tests):
                assert tests
                if worker.is_asking:
                    worker.is_asking, worker.ahead = False, list(tests)
                    self.then(worker, HOP_S, self.finish)
                else:
                    assert not worker.chunk, "it has work already"
                    worker.chunk = list(tests)
                    self.then(worker, HOP_S, self.begin_next)
            case c.NothingMore() | c.NothingYet():
                assert worker.is_asking
                worker.is_asking, worker.set_up = False, None
                worker.has_session = isinstance(order, c.NothingYet)
                self.then(worker, HOP_S, self.finish)
            case c.Collect(_, modules):
                worker.modules = list(modules)
                self.then(worker, HOP_S, self.collect_next)
            case c.Retire():
                assert worker.test is None
                if worker.has_session and worker.start.ending is not Does.PASS:
                    self.end_badly(worker)
                elif not worker.start.lingers:
                    self.then(worker, 0.05, self.die)
            case _:
                self.push(order, worker)

    def push(self, order: c.Order, worker: Worker) -> None:
        is_stubborn = worker.is_deaf and worker.test is not None
        match order:
            case c.Dump():
                worker.word = "end"
                self.then(worker, self.dump_s, self.dump)
            case c.Interrupt():
                worker.word = "hand back"
                if not is_stubborn and not worker.start.is_mute:
                    self.die(worker)
            case c.Terminate():
                if not is_stubborn:
                    self.die(worker)
            case c.Kill():
                self.die(worker)

    # A worker.

    def spawn(self, number: int) -> None:
        assert len(self.workers) < self.state.workers
        self.spawned += 1
        worker = Worker(number=number, start=self.starts.get(number, Start()), since=self.now)
        self.workers[number] = worker
        if worker.start.dies:
            self.then(worker, 0.01, self.die)
        elif not worker.start.is_mute:
            self.then(worker, 0.01, self.idle)

    def idle(self, worker: Worker) -> None:
        self.post(worker, c.Asks(worker.number, can_wait=True), is_urgent=True)

    def die(self, worker: Worker) -> None:
        if worker.is_alive:
            worker.is_alive = False
            self.at(0.005, lambda: self.bury(worker))

    def dump(self, worker: Worker) -> None:
        worker.has_told = True
        self.told.append(worker.number)

    def end_badly(self, worker: Worker) -> None:
        """Tear down the session, in the name of the last test."""
        worker.test, worker.since, worker.limit_s = worker.last, self.now, LIMIT_S
        if worker.start.ending is Does.CRASH:
            self.then(worker, 0.01, self.die)

    def bury(self, worker: Worker) -> None:
        self.read(worker)
        del self.workers[worker.number]
        self.tell(c.Gone(worker.number, worker.test))

    def collect_next(self, worker: Worker) -> None:
        if not worker.modules:
            self.idle(worker)
        else:
            self.collect(worker, worker.modules.pop(0), self.collect_next)

    def collect(self, worker: Worker, number: int, after: Callable[[Worker], None]) -> None:
        module = self.modules[number]
        does = module.again if number in self.seen else module.collecting
        if number in worker.collected:
            after(worker)
            return

        def end(worker: Worker) -> None:
            if does is Does.CRASH:
                self.die(worker)
                return
            worker.limit_s = 0.0
            worker.collected.add(number)
            self.post(worker, c.ModuleCollected(worker.number, number))
            after(worker)

        worker.since, worker.limit_s = self.now, self.collect_limit_s
        if does is not Does.HANG:
            self.then(worker, module.collect_s, end)

    def begin_next(self, worker: Worker) -> None:
        if worker.word == "end":
            self.die(worker)
        elif not worker.chunk:
            worker.chunk, worker.ahead = worker.ahead, []
            if worker.chunk:
                self.begin_next(worker)
            else:
                self.idle(worker)
        elif worker.word == "hand back":
            worker.chunk = []
            self.post(worker, c.Returned(worker.number), is_urgent=True)
            self.idle(worker)
        elif self.is_deferred and worker.chunk[0] // SPAN not in worker.collected:
            self.collect(worker, worker.chunk[0] // SPAN, self.begin_next)
        else:
            self.begin(worker, worker.chunk[0])

    def begin(self, worker: Worker, test: int) -> None:
        self.check_alone(test)
        assert self.now <= self.stopped_at, "no test begins after a stop"
        self.begun[test] += 1
        self.ran_by[test] = worker.number
        worker.test, worker.since, worker.limit_s = test, self.now, LIMIT_S
        worker.last = test
        if not worker.has_session:
            worker.has_session = True
            self.session_set_ups[worker.number] += 1
        cost = 0.0
        if worker.set_up != test // SPAN:
            worker.set_up = test // SPAN
            self.set_ups[test // SPAN].append(worker.number)
            cost = self.modules[test // SPAN].set_up_s
        does = self.tests[test].does
        worker.is_deaf = does is Does.HANG_FOR_GOOD
        if does is Does.GROW:
            worker.memory_bytes = 1 << 40
        elif does not in {Does.HANG, Does.HANG_FOR_GOOD}:
            self.then(worker, cost + self.tests[test].takes_s, self.tear_down)

    def check_alone(self, test: int) -> None:
        me = self.tests[test]
        for other in self.workers.values():
            if other.test is not None:
                its = self.tests[other.test]
                assert not me.is_serial, "a serial test runs alone"
                assert not its.is_serial, "nothing runs beside a serial test"
                assert not me.locks & its.locks, "a lock is held by one"

    def tear_down(self, worker: Worker) -> None:
        assert worker.test is not None
        if self.tests[worker.test].does is Does.CRASH:
            self.die(worker)
        elif len(worker.chunk) == 1:
            worker.is_asking = True
            self.post(worker, c.Asks(worker.number, can_wait=False), is_urgent=True)
        else:
            self.finish(worker)

    def finish(self, worker: Worker) -> None:
        assert worker.test is not None
        does = self.tests[worker.test].does
        if does is Does.CRASH_IN_TEARDOWN:
            self.die(worker)
            return
        worker.chunk.pop(0)
        test, worker.test, worker.limit_s = worker.test, None, 0.0
        self.post(worker, test)
        if does is Does.CRASH_AFTERWARDS:
            self.die(worker)
        else:
            self.then(worker, 0.0, self.begin_next)

    def outcomes(self) -> Counter[int]:
        return Counter(self.finished) + Counter(test for test, _ in self.lost)


def module(*does: Does, **of_module: float) -> Module:
    """A module of tests that do this."""
    return replace(Module(tests=tuple(Test(does=each) for each in does)), **of_module)
