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
    Again,
    Asks,
    Fact,
    Finished,
    GiveUp,
    Gone,
    Job,
    ModuleCollected,
    ModuleIndex,
    Order,
    Planned,
    Pressure,
    RecordLost,
    RecordUncollected,
    Returned,
    Stage,
    State,
    Stop,
    TestIndex,
    Tick,
    Watch,
    WorkerId,
)
from handrail.core.handing_out import Decision, answer, pass_by, shadow, spawn, wake, with_job
from handrail.core.pressing import dismiss_silent, enforce, press_harder, stop
from handrail.core.scheduling import Agenda, Unit, estimate_s
from handrail.frozen import replace

WORKER_WORTH_S = 0.2
"""Work below which a further worker is not started once everything is collected."""
START_DEATHS = 3
"""Workers that may die in a row before any of them did anything; then the run is given up."""
STRIKES = 3
"""Workers that may die between being given tests of a unit and beginning one; then the unit is lost:
its module cannot be collected again, say."""


def begin(state: State, now: float) -> Decision:
    """Start as many workers as there is work for."""
    units = len(state.modules) if state.agenda is None else state.agenda.waiting()
    return spawn(state, min(state.workers, units), now)


def decide(state: State, fact: Fact, now: float) -> Decision:
    """Fold one fact into the state. ``now``: seconds on any clock that never goes back."""
    match fact:
        case Finished(worker, count, seconds):
            return _finish(state, worker, count, seconds, now)
        case Asks(worker, can_wait):
            return answer(state, worker, can_wait, now)
        case Tick(watches):
            return _tick(state, watches, now)
        case ModuleCollected(worker, module):
            return _collected(state, worker, module, now)
        case Again(unit):
            return _try_again(state, unit, now)
        case Returned(worker):
            return _put_back(state, worker), []
        case Gone(worker, test):
            return _bury(state, worker, test, now)
        case Planned(agenda):
            return _start_running(state, agenda, now)
        case Stop(now_too):
            return stop(state, now, now_too=now_too)
        case _:
            assert_never(fact)


def _tick(state: State, watches: tuple[Watch, ...], now: float) -> Decision:
    state, orders = enforce(state, watches, now)
    state, more = pass_by(state, watches, now)
    orders += more
    state, more = dismiss_silent(state, now)
    orders += more
    state, more = press_harder(state, watches, now)
    orders += more
    state, more = shadow(state, now)
    return state, orders + more


# Progress.


def _collected(state: State, worker: WorkerId, module: ModuleIndex, now: float) -> Decision:
    state = replace(state, collected=state.collected | {module}, early_deaths=0)
    if state.agenda is not None:
        return wake(replace(state, agenda=state.agenda.collected(worker, module)), now)
    job = state.jobs.get(worker)
    if job is not None and job.modules[:1] == (module,) and job.pressure is Pressure.NONE:
        state = with_job(state, worker, replace(job, modules=job.modules[1:], since=now))
    return state, []


def _start_running(state: State, agenda: Agenda, now: float) -> Decision:
    for worker in agenda.homes or ():
        job = state.jobs.get(worker)
        if job is None or job.stage is Stage.SHADOWING:
            agenda = agenda.without(worker)  # it may never come back; nobody must wait for it
    state, orders = wake(replace(state, agenda=agenda), now)
    waiting = agenda.waiting()
    if state.is_stopping or not waiting:
        return state, orders
    wanted = min(state.workers, waiting) if estimate_s(agenda) > WORKER_WORTH_S else 1
    state, more = spawn(state, wanted - len(state.jobs), now)
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
    state = with_job(replace(state, agenda=agenda, early_deaths=0), worker, job)
    return wake(state, now)


def _put_back(state: State, worker: WorkerId) -> State:
    job = state.jobs.get(worker)
    if job is None or state.agenda is None or job.taken is None:
        return state
    agenda = state.agenda.give_back(worker, job.taken.unit, job.left)
    return with_job(replace(state, agenda=agenda), worker, replace(job, taken=None, done=0))


def _try_again(state: State, unit: Unit, now: float) -> Decision:
    if state.agenda is None or state.is_stopping:
        return state, []
    state, orders = wake(replace(state, agenda=state.agenda.again(unit)), now)
    state, more = _replace_worker(state, now)
    return state, orders + more


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
            state, more = stop(state, now, now_too=True)
            return state, [*orders, GiveUp(), *more]
    state, more = wake(state, now)
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
        if test is not None and job.pressure is not Pressure.NONE:
            return replace(state, agenda=agenda), [RecordLost(worker, test, job.loss, is_late=True)]
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
    return spawn(state, 1, now) if is_wanted else (state, [])
