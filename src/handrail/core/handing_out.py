"""Give work to workers that are idle, or ask for more; let those go that nobody needs."""

from handrail.core.controlling import (
    Collect,
    Job,
    NothingMore,
    NothingYet,
    Order,
    Pressure,
    Retire,
    Run,
    Spawn,
    Stage,
    State,
    Watch,
    WorkerId,
)
from handrail.core.scheduling import take
from handrail.frozen import replace

SHADOW_S = 0.25
"""A module whose collection takes longer than this is collected by idle workers too, so that they
can share its tests afterwards."""
STUCK_S = 0.5
"""How long a test may run before what else its worker would do is given to idle workers."""
RETIRE_S = 30.0
"""How long a worker that has nothing left to do may take to end: it saves coverage and runs exit
functions."""
Decision = tuple[State, list[Order]]


def with_job(state: State, worker: WorkerId, job: Job) -> State:
    """The state, with this worker doing that."""
    return replace(state, jobs={**state.jobs, worker: job})


def spawn(state: State, count: int, now: float) -> Decision:
    """Start so many workers."""
    first = state.next_worker
    fresh = range(first, first + max(0, count))
    jobs = {**state.jobs, **{worker: Job(since=now) for worker in fresh}}
    return replace(state, jobs=jobs, next_worker=first + len(fresh)), [
        Spawn(each) for each in fresh
    ]


def answer(state: State, worker: WorkerId, can_wait: bool, now: float) -> Decision:
    """A worker asks for work: give it some, if it may have any now."""
    job = state.jobs.get(worker)
    if job is None or job.pressure is not Pressure.NONE:
        return state, []  # it is being stopped; Gone will settle it
    state = replace(state, early_deaths=0)
    if not can_wait:
        given = None if _must_tear_down(state, worker) else _give_tests(state, worker, now)
        nothing = NothingYet(worker) if _may_go_on(state) else NothingMore(worker)
        return given or (state, [nothing])
    if state.is_fresh_each_unit and job.taken is not None and not _holds_more(state, worker):
        return _retire(state, worker, now)
    return wake(with_job(state, worker, Job(since=now, stage=Stage.IDLE)), now)


def _must_tear_down(state: State, worker: WorkerId) -> bool:
    """Whether a worker must tear down everything before it, or anybody, begins something else."""
    if state.agenda is None or state.is_stopping:
        return True
    hold = state.agenda.held.get(worker)
    if hold is None or hold.rest:
        return False
    return state.is_fresh_each_unit or hold.unit.is_serial or bool(hold.unit.locks)


def _may_go_on(state: State) -> bool:
    """Whether a worker may get tests after there were none for it: what waits for a lock or to run
    alone, a tail that others hold, a test that is tried again.
    """
    if state.agenda is None or state.is_stopping or state.is_fresh_each_unit:
        return False
    return state.agenda.is_retrying or not state.agenda.is_empty


def _holds_more(state: State, worker: WorkerId) -> bool:
    hold = state.agenda.held.get(worker) if state.agenda is not None else None
    return hold is not None and bool(hold.rest)


def _give_tests(state: State, worker: WorkerId, now: float) -> Decision | None:
    if state.agenda is None:
        return None
    agenda, taken = take(state.agenda, worker)
    if taken is None:
        return None
    # Asked from a teardown, the worker still has the last test of its chunk to finish.
    job = state.jobs[worker]
    is_same = job.taken is not None and job.taken.unit is taken.unit
    job = Job(
        since=now,
        stage=Stage.RUNNING,
        taken=replace(taken, tests=(*job.left, *taken.tests)),
        foreign=0 if is_same else len(job.left),
    )
    return with_job(replace(state, agenda=agenda), worker, job), [Run(worker, taken.tests)]


def _give_modules(state: State, worker: WorkerId, now: float) -> Decision | None:
    if not state.modules:
        return None
    # Several at a time while many are left (a round trip costs more than a small module's
    # collection), one by one towards the end so that nobody waits long for the slowest.
    share = max(1, min(8, len(state.modules) // (4 * state.workers)))
    given = state.modules[:share]
    state = replace(state, modules=state.modules[share:])
    job = Job(since=now, stage=Stage.COLLECTING, modules=given)
    return with_job(state, worker, job), [Collect(worker, given)]


def wake(state: State, now: float) -> Decision:
    """Something changed: idle workers may have work now, or may end because nobody will have any."""
    orders: list[Order] = []
    for worker, job in state.jobs.items():
        if not job.is_idle or job.pressure is not Pressure.NONE:
            continue
        given: Decision | None = None
        if not state.is_stopping:
            give = _give_modules if state.agenda is None else _give_tests
            given = give(state, worker, now)
        if given is None and is_work_done(state):
            given = _retire(state, worker, now)
        if given is not None:
            state = given[0]
            orders += given[1]
    return state, orders


def is_work_done(state: State) -> bool:
    """Whether no test will be handed to anybody: none waits, and none can come back from the dead."""
    if state.agenda is None:
        return False
    if state.is_stopping:
        return True
    return state.agenda.is_empty and not any(job.left for job in state.jobs.values())


def _retire(state: State, worker: WorkerId, now: float) -> Decision:
    job = Job(since=now, stage=Stage.IDLE, pressure=Pressure.RETIRED, act_at=now + RETIRE_S)
    return with_job(state, worker, job), [Retire(worker)]


def shadow(state: State, now: float) -> Decision:
    """Let idle workers collect the module that others wait for, so that they can share its tests."""
    orders: list[Order] = []
    if state.modules or state.is_stopping or state.agenda is not None:
        return state, orders
    slow = [
        job.modules[0]
        for job in state.jobs.values()
        if job.modules and now - job.since > SHADOW_S and job.pressure is Pressure.NONE
    ]
    idle = [
        worker
        for worker, job in state.jobs.items()
        if job.is_idle and job.pressure is Pressure.NONE
    ]
    for worker, module in zip(idle, slow, strict=False):
        state = with_job(state, worker, Job(since=now, stage=Stage.SHADOWING))
        orders.append(Collect(worker, (module,)))
    return state, orders


def pass_by(state: State, watches: tuple[Watch, ...], now: float) -> Decision:
    """Let idle workers have what waits for workers whose test takes long."""
    if state.agenda is None:
        return state, []
    stuck = frozenset(
        each.worker for each in watches if each.test is not None and each.for_s > STUCK_S
    )
    if stuck == state.agenda.stuck:
        return state, []
    return wake(replace(state, agenda=replace(state.agenda, stuck=stuck)), now)
