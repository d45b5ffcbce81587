"""Decide what happens next in a parallel run. No clock, no processes: facts in, orders out.

``decide(state, fact, now)`` is a fold. The loop in ``execution`` tells what happened and carries out
what is ordered; the simulation in the tests does the same with workers that hang, die and lie.

The life of a run: workers are spawned; in the *collecting* phase each is given modules until none is
left (a barrier: nothing runs before everything is collected, because plain pytest runs nothing when
a module cannot be collected); ``Planned`` brings the units of work; in the *running* phase each
worker is given chunks of tests, module by module, until every test was finished or lost.
"""

from typing import assert_never

from handrail.core.controlling import (
    Asks,
    Collect,
    Dump,
    Fact,
    Finished,
    GiveUp,
    Gone,
    Interrupt,
    Job,
    Kill,
    Limits,
    Loss,
    ModuleCollected,
    ModuleIndex,
    NothingNow,
    Order,
    Planned,
    Pressure,
    RecordLost,
    RecordUncollected,
    Retire,
    Returned,
    Run,
    Spawn,
    Stage,
    State,
    Stop,
    Terminate,
    TestIndex,
    Tick,
    Watch,
    WorkerId,
)
from handrail.core.scheduling import Agenda, estimate_s, take
from handrail.frozen import replace

DUMP_S = 0.1
"""How long a worker may take to write the stacks of its threads before it is terminated."""
SHADOW_S = 0.25
"""A module whose collection takes longer than this is collected by idle workers too, so that they
can share its tests afterwards."""
STUCK_S = 0.5
"""How long a test may run before what else its worker would do is given to idle workers."""
RETIRE_S = 30.0
"""How long a worker that has nothing left to do may take to end: it saves coverage and runs exit
functions."""
SILENCE_S = 600.0
"""How long a worker that runs no test may say nothing: starting, or collecting a module."""
WORKER_WORTH_S = 0.2
"""Work below which a further worker is not started once everything is collected."""
START_DEATHS = 3
"""Workers that may die in a row before any of them did anything; then the run is given up."""
STRIKES = 3
"""Workers that may die between being given tests of a unit and beginning one; then the unit is lost:
its module cannot be collected again, say."""

Decision = tuple[State, list[Order]]


def begin(state: State, now: float) -> Decision:
    """Start as many workers as there is work for."""
    units = len(state.modules) if state.agenda is None else state.agenda.waiting()
    return _spawn(state, min(state.workers, units), now)


def decide(state: State, fact: Fact, now: float) -> Decision:
    """Fold one fact into the state. ``now``: seconds on any clock that never goes back."""
    match fact:
        case Finished(worker, count, seconds):
            return _finish(state, worker, count, seconds, now)
        case Asks(worker, can_wait):
            return _answer(state, worker, can_wait, now)
        case Tick(watches):
            return _enforce(state, watches, now)
        case ModuleCollected(worker, module):
            return _collected(state, worker, module, now)
        case Returned(worker):
            return _put_back(state, worker), []
        case Gone(worker, test):
            return _bury(state, worker, test, now)
        case Planned(agenda):
            return _start_running(state, agenda, now)
        case Stop(now_too):
            return _stop(state, now, now_too=now_too)
        case _:
            assert_never(fact)


def _with_job(state: State, worker: WorkerId, job: Job) -> State:
    return replace(state, jobs={**state.jobs, worker: job})


def _spawn(state: State, count: int, now: float) -> Decision:
    first = state.next_worker
    fresh = range(first, first + max(0, count))
    jobs = {**state.jobs, **{worker: Job(since=now) for worker in fresh}}
    return replace(state, jobs=jobs, next_worker=first + len(fresh)), [
        Spawn(each) for each in fresh
    ]


# Handing out.


def _answer(state: State, worker: WorkerId, can_wait: bool, now: float) -> Decision:
    job = state.jobs.get(worker)
    if job is None or job.pressure is not Pressure.NONE:
        return state, []  # it is being stopped; Gone will settle it
    state = replace(state, early_deaths=0)
    if not can_wait:
        given = None if _must_tear_down(state, worker) else _give_tests(state, worker, now)
        return given or (state, [NothingNow(worker)])
    if state.is_fresh_each_unit and job.taken is not None and not _holds_more(state, worker):
        return _retire(state, worker, now)
    return _wake(_with_job(state, worker, Job(since=now, stage=Stage.IDLE)), now)


def _must_tear_down(state: State, worker: WorkerId) -> bool:
    """Whether a worker must tear down everything before it, or anybody, begins something else."""
    if state.agenda is None or state.is_stopping:
        return True
    hold = state.agenda.held.get(worker)
    if hold is None or hold.rest:
        return False
    return state.is_fresh_each_unit or hold.unit.is_serial or bool(hold.unit.locks)


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
    return _with_job(replace(state, agenda=agenda), worker, job), [Run(worker, taken.tests)]


def _give_modules(state: State, worker: WorkerId, now: float) -> Decision | None:
    if not state.modules:
        return None
    # Several at a time while many are left (a round trip costs more than a small module's
    # collection), one by one towards the end so that nobody waits long for the slowest.
    share = max(1, min(8, len(state.modules) // (4 * state.workers)))
    given = state.modules[:share]
    state = replace(state, modules=state.modules[share:])
    job = Job(since=now, stage=Stage.COLLECTING, modules=given)
    return _with_job(state, worker, job), [Collect(worker, given)]


def _wake(state: State, now: float) -> Decision:
    """Something changed: idle workers may have work now, or may end because nobody will have any."""
    orders: list[Order] = []
    for worker, job in state.jobs.items():
        if not job.is_idle or job.pressure is not Pressure.NONE:
            continue
        given: Decision | None = None
        if not state.is_stopping:
            give = _give_modules if state.agenda is None else _give_tests
            given = give(state, worker, now)
        if given is None and _is_work_done(state):
            given = _retire(state, worker, now)
        if given is not None:
            state = given[0]
            orders += given[1]
    return state, orders


def _is_work_done(state: State) -> bool:
    """Whether no test will be handed to anybody: none waits, and none can come back from the dead."""
    if state.agenda is None:
        return False
    if state.is_stopping:
        return True
    return state.agenda.is_empty and not any(job.left for job in state.jobs.values())


def _retire(state: State, worker: WorkerId, now: float) -> Decision:
    job = Job(since=now, stage=Stage.IDLE, pressure=Pressure.RETIRED, act_at=now + RETIRE_S)
    return _with_job(state, worker, job), [Retire(worker)]


# Progress.


def _collected(state: State, worker: WorkerId, module: ModuleIndex, now: float) -> Decision:
    state = replace(state, collected=state.collected | {module}, early_deaths=0)
    if state.agenda is not None:
        return _wake(replace(state, agenda=state.agenda.collected(worker, module)), now)
    job = state.jobs.get(worker)
    if job is not None and job.modules[:1] == (module,) and job.pressure is Pressure.NONE:
        state = _with_job(state, worker, replace(job, modules=job.modules[1:], since=now))
    return state, []


def _shadow(state: State, now: float) -> Decision:
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
        state = _with_job(state, worker, Job(since=now, stage=Stage.SHADOWING))
        orders.append(Collect(worker, (module,)))
    return state, orders


def _start_running(state: State, agenda: Agenda, now: float) -> Decision:
    for worker in agenda.homes or ():
        job = state.jobs.get(worker)
        if job is None or job.stage is Stage.SHADOWING:
            agenda = agenda.without(worker)  # it may never come back; nobody must wait for it
    state, orders = _wake(replace(state, agenda=agenda), now)
    waiting = agenda.waiting()
    if state.is_stopping or not waiting:
        return state, orders
    wanted = min(state.workers, waiting) if estimate_s(agenda) > WORKER_WORTH_S else 1
    state, more = _spawn(state, wanted - len(state.jobs), now)
    return state, orders + more


def _finish(state: State, worker: WorkerId, count: int, seconds: float, now: float) -> Decision:
    job = state.jobs.get(worker)
    if job is None or job.taken is None or state.agenda is None or job.doomed is not None:
        return state, []
    own = count - min(count, max(0, job.foreign - job.done))
    agenda = state.agenda.learn(worker, count, seconds, own)
    done = min(job.done + count, len(job.taken.tests))
    if done == len(job.taken.tests):
        agenda = agenda.release(worker)
    job = replace(job, done=done, since=now)
    state = _with_job(replace(state, agenda=agenda, early_deaths=0), worker, job)
    return _wake(state, now)


def _put_back(state: State, worker: WorkerId) -> State:
    job = state.jobs.get(worker)
    if job is None or state.agenda is None or job.taken is None:
        return state
    agenda = state.agenda.give_back(worker, job.taken.unit, job.left)
    return _with_job(replace(state, agenda=agenda), worker, replace(job, taken=None, done=0))


# Deaths.


def _bury(state: State, worker: WorkerId, test: TestIndex | None, now: float) -> Decision:
    job = state.jobs.get(worker)
    if job is None:
        return state, []
    jobs = {other: each for other, each in state.jobs.items() if other != worker}
    state = replace(state, jobs=jobs)
    state, orders = (
        _settle_modules(state, worker, job)
        if state.agenda is None
        else _settle_tests(state, state.agenda, worker, job, test)
    )
    if job.stage is Stage.STARTING and not state.is_stopping:
        state = replace(state, early_deaths=state.early_deaths + 1)
        if state.early_deaths >= START_DEATHS:
            state, more = _stop(state, now, now_too=True)
            return state, [*orders, GiveUp(), *more]
    state, more = _wake(state, now)
    state, replacement = _replace_worker(state, now)
    return state, orders + more + replacement


def _settle_modules(state: State, worker: WorkerId, job: Job) -> Decision:
    """Report the module that it was collecting; others collect the rest of those it was given."""
    orders: list[Order] = []
    first, rest = job.modules[:1], job.modules[1:]
    if first and first[0] not in state.collected:
        orders.append(RecordUncollected(worker, first[0], job.loss))
    if not state.is_stopping:
        rest = tuple(each for each in rest if each not in state.collected)
        state = replace(state, modules=(*rest, *state.modules))
    return state, orders


def _settle_tests(
    state: State, agenda: Agenda, worker: WorkerId, job: Job, test: TestIndex | None
) -> Decision:
    """Report the test that it was running; others run the rest of its chunk."""
    agenda = agenda.without(worker)
    if job.taken is None:
        return replace(state, agenda=agenda), []
    unit, left = job.taken.unit, job.left
    guilty = job.doomed if job.doomed is not None else test
    lost = tuple(each for each in left if each == guilty)
    is_strike = bool(left) and not lost and not job.done and not state.is_stopping
    if is_strike and unit.strikes + 1 >= STRIKES:
        hold = agenda.held.get(worker)
        lost = left + (hold.rest if hold is not None else ())
        agenda = agenda.drop(worker)
    else:
        left = tuple(each for each in left if each not in lost)
        agenda = agenda.give_back(worker, unit, left, strikes=int(is_strike))
    orders: list[Order] = [RecordLost(worker, each, job.loss) for each in lost]
    return replace(state, agenda=agenda), orders


def _replace_worker(state: State, now: float) -> Decision:
    """Start a worker instead of one that is gone, if there is work that no living one will do soon."""
    able = [job for job in state.jobs.values() if job.pressure is Pressure.NONE]
    is_full = len(state.jobs) >= state.workers or any(job.is_idle for job in able)
    if state.is_stopping or is_full:
        return state, []
    if state.agenda is None:
        is_wanted = bool(state.modules)
    else:
        is_wanted = bool(state.agenda.pending) or estimate_s(state.agenda) > WORKER_WORTH_S
    return _spawn(state, 1, now) if is_wanted else (state, [])


def _stop(state: State, now: float, *, now_too: bool) -> Decision:
    state = replace(state, is_stopping=True, modules=())
    orders: list[Order] = []
    if now_too:
        by = now + state.limits.grace_s
        for worker, job in state.jobs.items():
            if job.pressure is Pressure.RETIRED:
                state = _with_job(state, worker, replace(job, act_at=min(job.act_at, by)))
            elif job.pressure is Pressure.NONE and not (job.is_idle and state.agenda is not None):
                pressed = replace(
                    job, pressure=Pressure.INTERRUPTED, loss=Loss.INTERRUPTED, act_at=by
                )
                state = _with_job(state, worker, pressed)
                orders.append(Interrupt(worker))
    state, more = _wake(state, now)
    return state, orders + more


# Limits.


def _enforce(state: State, watches: tuple[Watch, ...], now: float) -> Decision:
    orders: list[Order] = []
    ends_at = state.limits.ends_at
    if ends_at is not None and now >= ends_at:
        state, orders = _end_by_budget(state, watches, now)
    for watch in watches:
        job = state.jobs.get(watch.worker)
        if job is None or job.pressure is not Pressure.NONE:
            continue
        loss = _overstepped(watch, job, state.limits, now)
        if loss is not None:
            state = _doom(state, watch.worker, watch.test, loss, now)
            orders.append(Dump(watch.worker))
    state, more = _pass_by(state, watches, now)
    orders += more
    for further in (_dismiss_silent, _press_harder, _shadow):
        state, more = further(state, now)
        orders += more
    return state, orders


def _pass_by(state: State, watches: tuple[Watch, ...], now: float) -> Decision:
    """Let idle workers have what waits for workers whose test takes long."""
    if state.agenda is None:
        return state, []
    stuck = frozenset(
        each.worker for each in watches if each.test is not None and each.for_s > STUCK_S
    )
    if stuck == state.agenda.stuck:
        return state, []
    return _wake(replace(state, agenda=replace(state.agenda, stuck=stuck)), now)


def _end_by_budget(state: State, watches: tuple[Watch, ...], now: float) -> Decision:
    orders: list[Order] = []
    state = replace(state, limits=replace(state.limits, ends_at=None), is_stopping=True, modules=())
    tests = {watch.worker: watch.test for watch in watches}
    for worker, job in state.jobs.items():
        if job.pressure is Pressure.NONE and not job.is_idle:
            state = _doom(state, worker, tests.get(worker), Loss.BUDGET, now)
            orders.append(Dump(worker))
    state, more = _wake(state, now)
    return state, orders + more


def _doom(state: State, worker: WorkerId, test: TestIndex | None, loss: Loss, now: float) -> State:
    job = state.jobs[worker]
    doomed = test if test in job.left else None
    job = replace(job, pressure=Pressure.DUMPED, loss=loss, doomed=doomed, act_at=now + DUMP_S)
    return _with_job(state, worker, job)


def _overstepped(watch: Watch, job: Job, limits: Limits, now: float) -> Loss | None:
    if watch.test is not None and watch.test not in job.left:
        return None  # it ended while this was being looked at
    if limits.memory_bytes is not None and watch.memory_bytes > limits.memory_bytes:
        return Loss.OUT_OF_MEMORY
    if watch.limit_s > 0 and watch.for_s > watch.limit_s:
        return Loss.TIMED_OUT
    is_silent = watch.test is None and now - job.since > SILENCE_S
    return Loss.TIMED_OUT if is_silent else None


def _dismiss_silent(state: State, now: float) -> Decision:
    """When all work is done, end workers that do not come to be told so."""
    orders: list[Order] = []
    if not _is_work_done(state):
        return state, orders
    for worker, job in state.jobs.items():
        is_owed = job.is_idle or bool(job.left) or job.pressure is not Pressure.NONE
        if not is_owed and now - job.since > RETIRE_S:
            pressed = replace(job, pressure=Pressure.RETIRED, act_at=now)
            state = _with_job(state, worker, pressed)
    return state, orders


def _press_harder(state: State, now: float) -> Decision:
    orders: list[Order] = []
    for worker, job in state.jobs.items():
        if job.pressure in {Pressure.NONE, Pressure.KILLED} or now < job.act_at:
            continue
        if job.pressure in {Pressure.DUMPED, Pressure.RETIRED}:
            pressed = replace(job, pressure=Pressure.TERMINATED, act_at=now + state.limits.grace_s)
            orders.append(Terminate(worker))
        else:
            pressed = replace(job, pressure=Pressure.KILLED)
            orders.append(Kill(worker))
        state = _with_job(state, worker, pressed)
    return state, orders
