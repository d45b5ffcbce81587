"""End what oversteps a limit, or is to stop: stacks first, then SIGTERM, then, after the grace, SIGKILL."""

from handrail.core.controlling import (
    Dump,
    Interrupt,
    Job,
    Kill,
    Limits,
    Loss,
    Order,
    Pressure,
    State,
    Terminate,
    TestIndex,
    Watch,
    WorkerId,
)
from handrail.core.handing_out import RETIRE_S, Decision, is_work_done, wake, with_job
from handrail.frozen import replace

DUMP_S = 0.1
"""How long a worker may take to write the stacks of its threads before it is terminated."""
UNTOLD_S = 2.0
"""How much longer if it has not begun to: a busy machine may have had no time for it. Only who
blocks signals takes longer."""
SILENCE_S = 600.0
"""How long a worker that runs no test may say nothing: starting, or collecting a module."""


def enforce(state: State, watches: tuple[Watch, ...], now: float) -> Decision:
    """End what has overstepped a limit: of its test, of its worker's memory, of the run."""
    orders: list[Order] = []
    ends_at = state.limits.ends_at
    if ends_at is not None and now >= ends_at:
        state, orders = _end_by_budget(state, watches, now)
    for watch in watches:
        job = state.jobs.get(watch.worker)
        if job is None or job.pressure not in {Pressure.NONE, Pressure.RETIRED}:
            continue
        loss = _overstepped(watch, job, state.limits, now)
        if loss is not None:
            state = _doom(state, watch.worker, watch.test, loss, now)
            orders.append(Dump(watch.worker))
        elif _is_tearing_down(watch, job):
            state = with_job(state, watch.worker, replace(job, act_at=now + RETIRE_S))
    return state, orders


def _is_tearing_down(watch: Watch, job: Job) -> bool:
    """Whether it tears down what lived for the whole session: in the name, and within the limit, of
    the last test that it ran.
    """
    return job.pressure is Pressure.RETIRED and watch.test is not None


def _end_by_budget(state: State, watches: tuple[Watch, ...], now: float) -> Decision:
    orders: list[Order] = []
    state = replace(state, limits=replace(state.limits, ends_at=None), is_stopping=True, modules=())
    tests = {watch.worker: watch.test for watch in watches}
    for worker, job in state.jobs.items():
        if job.pressure is Pressure.NONE and not job.is_idle:
            state = _doom(state, worker, tests.get(worker), Loss.BUDGET, now)
            orders.append(Dump(worker))
    state, more = wake(state, now)
    return state, orders + more


def _doom(state: State, worker: WorkerId, test: TestIndex | None, loss: Loss, now: float) -> State:
    job = state.jobs[worker]
    doomed = test if test in job.left else None
    job = replace(job, pressure=Pressure.DUMPED, loss=loss, doomed=doomed, act_at=now + DUMP_S)
    return with_job(state, worker, job)


def _overstepped(watch: Watch, job: Job, limits: Limits, now: float) -> Loss | None:
    if watch.test is not None and watch.test not in job.left and not _is_tearing_down(watch, job):
        return None  # it ended while this was being looked at
    if job.pressure is Pressure.RETIRED and watch.test is None:
        return None  # it ends
    if limits.memory_bytes is not None and watch.memory_bytes > limits.memory_bytes:
        return Loss.OUT_OF_MEMORY
    if watch.limit_s > 0 and watch.for_s > watch.limit_s:
        return Loss.TIMED_OUT
    is_silent = watch.test is None and now - job.since > SILENCE_S
    return Loss.TIMED_OUT if is_silent else None


def dismiss_silent(state: State, now: float) -> Decision:
    """When all work is done, end workers that do not come to be told so."""
    orders: list[Order] = []
    if not is_work_done(state):
        return state, orders
    for worker, job in state.jobs.items():
        is_owed = job.is_idle or bool(job.left) or job.pressure is not Pressure.NONE
        if not is_owed and now - job.since > RETIRE_S:
            pressed = replace(job, pressure=Pressure.RETIRED, act_at=now)
            state = with_job(state, worker, pressed)
    return state, orders


def press_harder(state: State, watches: tuple[Watch, ...], now: float) -> Decision:
    """What did not go when it was asked is asked more firmly."""
    orders: list[Order] = []
    silent = {watch.worker for watch in watches if not watch.has_told}
    for worker, job in state.jobs.items():
        is_untold = job.pressure is Pressure.DUMPED and worker in silent
        act_at = job.act_at + UNTOLD_S if is_untold else job.act_at
        if job.pressure in {Pressure.NONE, Pressure.KILLED} or now < act_at:
            continue
        if job.pressure in {Pressure.DUMPED, Pressure.RETIRED}:
            pressed = replace(job, pressure=Pressure.TERMINATED, act_at=now + state.limits.grace_s)
            orders.append(Terminate(worker))
        else:
            pressed = replace(job, pressure=Pressure.KILLED)
            orders.append(Kill(worker))
        state = with_job(state, worker, pressed)
    return state, orders


def stop(state: State, now: float, *, now_too: bool) -> Decision:
    """Let no further test begin. ``now_too``: those that run are ended as well."""
    state = replace(state, is_stopping=True, modules=())
    orders: list[Order] = []
    if now_too:
        by = now + state.limits.grace_s
        for worker, job in state.jobs.items():
            if job.pressure is Pressure.RETIRED:
                pressed = replace(
                    job, pressure=Pressure.INTERRUPTED, loss=Loss.INTERRUPTED, act_at=by
                )
                state = with_job(state, worker, pressed)
            elif job.pressure is Pressure.NONE and not (job.is_idle and state.agenda is not None):
                pressed = replace(
                    job, pressure=Pressure.INTERRUPTED, loss=Loss.INTERRUPTED, act_at=by
                )
                state = with_job(state, worker, pressed)
                orders.append(Interrupt(worker))
    state, more = wake(state, now)
    return state, orders + more
