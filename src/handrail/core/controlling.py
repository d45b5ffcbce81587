"""The words between the controller of a parallel run and the world: facts, orders, and its state."""

from collections.abc import Mapping
from enum import Enum

from handrail.core.scheduling import Agenda, Taken, Unit
from handrail.frozen import dataclass, field

WorkerId = int
TestIndex = int
ModuleIndex = int


class Loss(Enum):
    """Why a test (or the collection of a module) did not end by itself."""

    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    BUDGET = "budget"
    INTERRUPTED = "interrupted"


# Facts: what the outside world reports.


@dataclass(frozen=True, slots=True)
class Asks:
    """A worker is about to run dry. ``can_wait``: it is idle; otherwise it must be answered at once,
    because the teardown of its last test depends on what comes next.
    """

    worker: WorkerId
    can_wait: bool


@dataclass(frozen=True, slots=True)
class ModuleCollected:
    """A worker has collected one of its modules."""

    worker: WorkerId
    module: ModuleIndex


@dataclass(frozen=True, slots=True)
class Planned:
    """All modules are collected: this is the work."""

    agenda: Agenda


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker has finished its next ``count`` tests; they took ``seconds`` together."""

    worker: WorkerId
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Again:
    """A test that failed is to be tried again."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class Returned:
    """A worker hands back the tests of its chunk that it did not begin (it was told to stop)."""

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker's process has ended. ``test``: what it was running, if anything."""

    worker: WorkerId
    test: TestIndex | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What a worker is doing: its test, how long already, how long it may, and its memory."""

    worker: WorkerId
    test: TestIndex | None
    for_s: float
    limit_s: float
    memory_bytes: int
    has_told: bool = False
    """Whether it has written the stacks of its threads."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed; these workers are busy."""

    watches: tuple[Watch, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """No further test may begin. ``now_too``: those that run are ended as well."""

    now_too: bool = False


Fact = Asks | ModuleCollected | Planned | Finished | Again | Returned | Gone | Tick | Stop


# Orders: what the outside world must do.


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start this worker; it will ask for work."""

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class Collect:
    """Let this worker collect these modules, then ask again."""

    worker: WorkerId
    modules: tuple[ModuleIndex, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Let this worker run these tests in this order, then ask again."""

    worker: WorkerId
    tests: tuple[TestIndex, ...]


@dataclass(frozen=True, slots=True)
class NothingMore:
    """Tell this worker that nothing follows its last test: it must tear down everything."""

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class NothingYet:
    """Tell this worker that nothing follows its last test now, but something may later: only what
    lives for the whole session must stay set up.
    """

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class Retire:
    """Let this idle worker end."""

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class Dump:
    """Have this worker write the stacks of all its threads."""

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Ask this worker to stop its test and to tear down, as Ctrl-C does."""

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class Terminate:
    """SIGTERM to this worker's process group."""

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to this worker's process group and to everything it started."""

    worker: WorkerId


@dataclass(frozen=True, slots=True)
class RecordLost:
    """Report that a test did not end by itself.

    ``is_late``: it had, but not what was left standing behind it for the whole session.
    """

    worker: WorkerId
    test: TestIndex
    loss: Loss
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class RecordUncollected:
    """Report that a module could not be collected because its worker ended."""

    worker: WorkerId
    module: ModuleIndex
    loss: Loss


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Workers die before they do anything: the run cannot go on."""


Order = (
    Spawn
    | Collect
    | Run
    | NothingMore
    | NothingYet
    | Retire
    | Dump
    | Interrupt
    | Terminate
    | Kill
    | RecordLost
    | RecordUncollected
    | GiveUp
)


# State.


class Pressure(Enum):
    """How firmly a worker has been asked to stop."""

    NONE = 0
    DUMPED = 1
    INTERRUPTED = 2
    RETIRED = 3
    TERMINATED = 4
    KILLED = 5


class Stage(Enum):
    """What a worker is about."""

    STARTING = "starting"
    """It has not been heard of."""
    COLLECTING = "collecting"
    SHADOWING = "shadowing"
    """It collects, to be useful later, a module that somebody else is collecting."""
    RUNNING = "running"
    IDLE = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may use. Seconds and bytes."""

    grace_s: float = 1.0
    memory_bytes: int | None = None
    ends_at: float | None = None
    """When the budget of the run is used up, on the clock of ``now``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker has been given and how far it is."""

    since: float
    """When it was given that, or last reported any of it as done."""
    stage: Stage = Stage.STARTING
    modules: tuple[ModuleIndex, ...] = ()
    """To be collected, in order; those done are dropped from the front."""
    taken: Taken | None = None
    """The chunk of tests that it runs."""
    done: int = 0
    """How many tests of the chunk are finished."""
    foreign: int = 0
    """How many tests at the front of the chunk belong to the unit that came before."""
    pressure: Pressure = Pressure.NONE
    loss: Loss = Loss.CRASHED
    """What it will have been when the process is gone."""
    doomed: TestIndex | None = None
    """The test that overstepped a limit: whatever is still heard of it does not count."""
    act_at: float = 0.0
    """When pressure grows."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for work, or was told that none will come."""
        return self.stage is Stage.IDLE

    @property
    def left(self) -> tuple[TestIndex, ...]:
        """Tests of the chunk that are not finished."""
        return self.taken.tests[self.done :] if self.taken else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A parallel run. ``workers``: how many there may be at a time."""

    workers: int
    limits: Limits
    modules: tuple[ModuleIndex, ...] = ()
    """Still to be handed out for collection."""
    collected: frozenset[ModuleIndex] = frozenset()
    agenda: Agenda | None = None
    """None while collecting."""
    jobs: Mapping[WorkerId, Job] = field(default_factory=dict)
    next_worker: WorkerId = 0
    is_stopping: bool = False
    is_fresh_each_unit: bool = False
    """Whether every unit gets a new worker (``isolate`` module or test)."""
    early_deaths: int = 0

    @property
    def is_over(self) -> bool:
        """Whether no worker is left, so that nothing will ever happen again."""
        return not self.jobs

    @property
    def is_collected(self) -> bool:
        """Whether every module was collected, or lost, so that ``Planned`` may come."""
        return not self.modules and all(
            self.collected.issuperset(job.modules) for job in self.jobs.values()
        )
