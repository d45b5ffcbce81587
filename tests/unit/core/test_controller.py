"""The controller against a simulated world: no process, no sleep, any bad luck."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_world import LIMIT_S, SPAN, TICK_S, Does, Module, Start, Test, World, module

from handrail.core import controller
from handrail.core.controller import DUMP_S, RETIRE_S, SILENCE_S, START_DEATHS, STRIKES, decide
from handrail.core.controlling import (
    Asks,
    Finished,
    GiveUp,
    Gone,
    Limits,
    Loss,
    ModuleCollected,
    Planned,
    RecordLost,
    Run,
    Spawn,
    State,
    Stop,
)
from handrail.core.scheduling import FIRST_CHUNK, Agenda, Unit

PASS = Does.PASS
LIMITS = Limits(grace_s=1.0, memory_bytes=1 << 30)
tests = st.builds(
    Test,
    does=st.sampled_from([PASS] * 6 + list(Does)),
    takes_s=st.sampled_from([0.0, 0.002, 0.05, 1.0]),
    locks=st.sampled_from(
        [frozenset[str]()] * 4 + [frozenset("a"), frozenset("b"), frozenset("ab")]
    ),
    is_serial=st.sampled_from([False] * 6 + [True]),
)
modules = st.builds(
    Module,
    tests=st.lists(tests, max_size=12).map(tuple),
    set_up_s=st.sampled_from([0.0, 0.1, 1.0]),
    is_whole=st.booleans(),
    collect_s=st.sampled_from([0.0, 0.01, 0.5]),
    collecting=st.sampled_from([PASS] * 6 + [Does.CRASH, Does.HANG]),
    again=st.sampled_from([PASS] * 6 + [Does.CRASH, Does.HANG]),
)
suites = st.lists(modules, max_size=6)
starts = st.dictionaries(
    st.integers(0, 3),
    st.builds(Start, dies=st.booleans(), is_mute=st.booleans(), lingers=st.booleans()),
    max_size=2,
)
worlds = st.builds(
    World,
    suites,
    workers=st.integers(1, 4),
    limits=st.just(LIMITS),
    starts=starts,
    is_deferred=st.booleans(),
    is_fresh=st.just(value=False),
)
fresh_worlds = st.builds(
    World, suites, workers=st.integers(1, 3), limits=st.just(LIMITS), is_fresh=st.just(value=True)
)


def at_once(world: World) -> World:
    """Run it, and say so if it could not go on."""
    return world.run(until_s=20_000)


# Whatever happens.


@given(st.one_of(worlds, fresh_worlds))
@settings(max_examples=120, deadline=None)
def test_every_test_gets_exactly_one_outcome_and_the_run_ends(world: World) -> None:
    at_once(world)

    expected = {test for test in world.tests if test // SPAN in world.seen}
    if world.gave_up:
        assert max(world.outcomes().values(), default=0) <= 1
    else:
        assert world.outcomes() == Counter(expected)


@given(st.one_of(worlds, fresh_worlds))
@settings(max_examples=40, deadline=None)
def test_no_test_is_run_twice(world: World) -> None:
    at_once(world)

    assert max(world.begun.values(), default=0) <= 1


@given(worlds)
@settings(max_examples=40, deadline=None)
def test_a_module_is_collected_or_reported_but_never_both(world: World) -> None:
    at_once(world)

    reported = Counter(number for number, _ in world.uncollected)
    assert max(reported.values(), default=0) <= 1
    assert not reported.keys() & world.seen
    if not world.gave_up:
        assert reported.keys() | world.seen == set(range(len(world.modules)))


@given(worlds)
@settings(max_examples=40, deadline=None)
def test_only_a_test_that_misbehaves_is_lost_and_for_what_it_did(world: World) -> None:
    at_once(world)

    losses = {
        Does.CRASH: {Loss.CRASHED},
        Does.CRASH_IN_TEARDOWN: {Loss.CRASHED},
        Does.HANG: {Loss.TIMED_OUT},
        Does.HANG_FOR_GOOD: {Loss.TIMED_OUT},
        Does.GROW: {Loss.OUT_OF_MEMORY},
    }
    for test, loss in world.lost:
        if not world.gave_up and world.modules[test // SPAN].again is PASS:
            assert loss in losses[world.tests[test].does]


@given(
    worlds,
    st.sampled_from([0.0, 0.015, 0.1, 0.5, 3.0]),
    st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_after_a_stop_no_test_begins_and_the_run_ends(
    world: World, after_s: float, now_too: bool
) -> None:
    world.stop(after_s, now_too=now_too)

    at_once(world)  # it asserts that nothing begins

    assert max(world.outcomes().values(), default=0) <= 1
    assert world.gave_up <= 1


@given(worlds, st.sampled_from([0.0, 0.1, 0.5, 3.0]))
@settings(max_examples=40, deadline=None)
def test_when_the_budget_is_used_up_the_run_ends_within_dump_and_grace(
    world: World, ends_at: float
) -> None:
    limits = Limits(grace_s=1.0, ends_at=ends_at)
    world.state = State(
        workers=world.state.workers,
        limits=limits,
        modules=world.state.modules,
        agenda=world.state.agenda,
    )
    world.starts = {}

    at_once(world)

    assert world.now <= ends_at + DUMP_S + 1.0 + 4 * TICK_S
    assert max(world.outcomes().values(), default=0) <= 1


@given(suites, st.integers(1, 3), st.booleans())
@settings(max_examples=50, deadline=None)
def test_the_time_of_a_run_is_bounded_by_what_its_tests_may_take(
    suite: list[Module], workers: int, is_deferred: bool
) -> None:
    world = World(suite, workers=workers, limits=LIMITS, is_deferred=is_deferred)

    at_once(world)

    per_death = LIMIT_S + DUMP_S + LIMITS.grace_s + 3 * TICK_S
    collecting = sum(per_death + each.collect_s for each in suite)
    again = sum(STRIKES * per_death + 10 * each.collect_s for each in suite)
    running = sum(
        (per_death if test.does is not PASS else test.takes_s + 0.1) + each.set_up_s
        for each in suite
        for test in each.tests
    )
    assert world.now <= collecting + again + running + 1.0


# Crashes.


@pytest.mark.parametrize("does", [Does.CRASH, Does.CRASH_IN_TEARDOWN])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_crash_costs_only_the_test_that_was_running(does: Does, workers: int) -> None:
    world = World([module(PASS, PASS, does, PASS, PASS), module(PASS)], workers=workers).run()

    assert world.lost == [(2, Loss.CRASHED)]
    assert sorted(world.finished) == [0, 1, 3, 4, SPAN]


def test_a_crash_between_two_tests_costs_none() -> None:
    world = World([module(PASS, Does.CRASH_AFTERWARDS, PASS)], workers=1).run()

    assert world.lost == []
    assert world.finished == [0, 1, 2]


def test_a_crash_in_the_last_teardown_gives_back_what_was_promised_next() -> None:
    world = World([module(Does.CRASH_IN_TEARDOWN), module(PASS, PASS)], workers=1).run()

    assert world.lost == [(0, Loss.CRASHED)]
    assert world.finished == [SPAN, SPAN + 1]


def test_a_module_that_kills_every_worker_that_collects_it_again_is_lost() -> None:
    crash_again = module(Does.CRASH, PASS, PASS)
    world = World(
        [Module(tests=crash_again.tests, again=Does.CRASH), module(PASS)],
        workers=1,
        is_deferred=True,
    ).run()

    assert sorted(test for test, _ in world.lost) == [0, 1, 2]
    assert world.finished == [SPAN]
    assert world.spawned == 1 + STRIKES + 1


def test_a_crashed_worker_is_replaced_while_there_is_work() -> None:
    world = World([module(Does.CRASH, *[PASS] * 5)], workers=1).run()

    assert world.spawned == 2


def test_no_worker_is_started_when_nothing_is_left() -> None:
    world = World([module(PASS, Does.CRASH)], workers=1).run()

    assert world.spawned == 1


def test_an_idle_worker_takes_over_what_a_crash_left() -> None:
    slow = Module(tests=(Test(takes_s=0.2, does=Does.CRASH), Test(), Test()))
    world = World([slow, module(PASS)], workers=2).run()

    assert world.ran_by[1] == world.ran_by[SPAN]
    assert world.spawned == 2


# Limits.


@pytest.mark.parametrize(
    ("does", "grace_s"), [(Does.HANG, 0.0), (Does.HANG_FOR_GOOD, LIMITS.grace_s)]
)
def test_a_hung_test_costs_its_limit_the_stacks_and_the_grace_it_needs(
    does: Does, grace_s: float
) -> None:
    world = World([module(does, PASS)], workers=1, limits=LIMITS).run()

    assert world.lost == [(0, Loss.TIMED_OUT)]
    assert world.finished == [1]
    most = LIMIT_S + DUMP_S + grace_s + 4 * TICK_S
    assert most - 4 * TICK_S <= world.finished_at[1] <= most


def test_a_test_that_uses_too_much_memory_is_lost_at_the_next_tick() -> None:
    world = World([module(Does.GROW, PASS)], workers=1, limits=LIMITS).run()

    assert world.lost == [(0, Loss.OUT_OF_MEMORY)]
    assert world.finished_at[1] < 1.0


def test_memory_is_not_limited_unless_it_is_asked_for() -> None:
    world = World([module(Does.GROW)], workers=1).run()

    assert world.lost == [(0, Loss.TIMED_OUT)]


def test_a_test_that_ends_after_its_limit_is_lost_once_and_not_finished() -> None:
    late = Module(tests=(Test(takes_s=LIMIT_S + DUMP_S), Test()))
    world = World([late], workers=1, limits=LIMITS).run()

    assert world.lost == [(0, Loss.TIMED_OUT)]
    assert world.finished == [1]


def test_a_test_that_ended_while_it_was_looked_at_did_not_overstep() -> None:
    late = Module(tests=(Test(takes_s=LIMIT_S - 0.0001), Test()))
    world = World([late], workers=1, limits=LIMITS)

    world.run()

    assert world.finished == [0, 1]


def test_the_budget_loses_what_runs_and_leaves_the_rest_unrun() -> None:
    world = World([module(Does.HANG, PASS)], workers=1, limits=Limits(ends_at=1.0)).run()

    assert world.lost == [(0, Loss.BUDGET)]
    assert world.finished == []


# Stopping.


def test_a_stop_lets_running_tests_end() -> None:
    slow = Module(tests=(Test(takes_s=1.0), Test()))
    world = World([slow], workers=1).stop(0.5).run()

    assert world.finished == [0]
    assert world.lost == []


def test_ctrl_c_ends_what_runs_and_kills_what_ignores_it() -> None:
    world = World([module(Does.HANG), module(Does.HANG_FOR_GOOD)], workers=2, limits=LIMITS).stop(
        0.5, now_too=True
    )

    world.run()

    assert world.lost == [(0, Loss.INTERRUPTED), (SPAN, Loss.INTERRUPTED)]
    assert world.now < 0.5 + 2 * LIMITS.grace_s + 3 * TICK_S


def test_ctrl_c_before_any_worker_asked_is_not_called_a_failed_start() -> None:
    world = World([module(PASS)] * 4, workers=4).stop(0.001, now_too=True).run()

    assert world.gave_up == 0


def test_ctrl_c_does_not_wait_for_a_worker_that_lingers_on_retirement() -> None:
    slow = Module(tests=(Test(takes_s=0.1),))
    world = World([slow], workers=1, limits=LIMITS, starts={0: Start(lingers=True)})

    world.stop(1.0, now_too=True).run()

    assert world.now < 1.0 + 2 * LIMITS.grace_s + 3 * TICK_S


def test_a_stop_while_collecting_ends_the_run_although_a_worker_crashes_then() -> None:
    crash = module(PASS, collect_s=0.5)
    crash = Module(tests=crash.tests, collect_s=0.5, collecting=Does.CRASH)
    world = World([crash, *[module(PASS, collect_s=0.5)] * 30], workers=2, is_deferred=True)

    world.stop(0.2).run()

    assert world.finished == []
    assert world.spawned == 2


# Workers.


def test_a_run_is_given_up_once_when_workers_die_at_start() -> None:
    world = World([module(PASS)] * 9, workers=4, starts=dict.fromkeys(range(99), Start(dies=True)))

    world.run()

    assert world.gave_up == 1
    assert world.spawned < 4 + START_DEATHS


def test_a_worker_that_works_outweighs_one_that_died_at_start() -> None:
    starts = {number: Start(dies=True) for number in (0, 1)}
    world = World([module(PASS)] * 3, workers=1, starts=starts).run()

    assert world.gave_up == 0
    assert len(world.finished) == 3


def test_a_worker_that_never_asks_is_ended_when_the_others_have_done_everything() -> None:
    world = World([module(PASS, PASS)] * 3, workers=2, starts={1: Start(is_mute=True)}).run()

    assert len(world.finished) == 6
    assert world.now <= RETIRE_S + 3 * TICK_S


def test_a_run_whose_workers_never_ask_is_given_up() -> None:
    world = World([module(PASS)], workers=1, starts=dict.fromkeys(range(9), Start(is_mute=True)))

    world.run(until_s=SILENCE_S * 4)

    assert world.gave_up == 1


def test_a_worker_that_does_not_retire_is_terminated() -> None:
    world = World([module(PASS)], workers=1, starts={0: Start(lingers=True)}).run()

    assert world.finished == [0]
    assert RETIRE_S < world.now < RETIRE_S + 1.0


def test_no_more_workers_are_started_than_there_are_tests() -> None:
    assert World([module(PASS)], workers=4).run().spawned == 1


# Collecting.


def test_a_module_whose_collection_crashes_is_reported_and_its_mates_are_collected() -> None:
    crash = Module(collecting=Does.CRASH)
    world = World([module(PASS)] * 40 + [crash] + [module(PASS)] * 40, is_deferred=True).run()

    assert world.uncollected == [(40, Loss.CRASHED)]
    assert len(world.finished) == 80


def test_the_only_worker_may_die_over_the_last_module_and_the_tests_still_run() -> None:
    world = World([module(PASS), Module(collecting=Does.CRASH)], workers=1, is_deferred=True).run()

    assert world.finished == [0]


def test_a_module_whose_collection_hangs_is_reported() -> None:
    hang = Module(collecting=Does.HANG, again=Does.HANG)
    world = World([hang, module(PASS)], workers=1, limits=LIMITS, is_deferred=True).run()

    assert world.uncollected == [(0, Loss.TIMED_OUT)]
    assert world.finished == [SPAN]


def test_what_a_dead_worker_had_still_to_collect_goes_to_an_idle_one() -> None:
    slow_crash = Module(collecting=Does.CRASH, collect_s=0.2)
    state = State(workers=2, limits=LIMITS, modules=(0, 1))
    world = World([slow_crash, module(PASS)], workers=2, is_deferred=True)
    world.state = State(workers=2, limits=LIMITS, modules=())
    world.fold(controller.begin(state, 0.0))
    world.state = State(
        workers=2,
        limits=LIMITS,
        jobs={
            0: controller.Job(since=0.0, stage=controller.Stage.COLLECTING, modules=(0, 1)),
            1: controller.Job(since=0.0, stage=controller.Stage.IDLE),
        },
        next_worker=2,
    )

    world.fold(decide(world.state, Gone(0), 0.0))

    assert world.orders[-1] == controller.Collect(1, (1,))


def test_an_idle_worker_collects_a_slow_module_too_and_shares_its_tests() -> None:
    giant = Module(tests=(Test(takes_s=0.1),) * 60, collect_s=1.0)
    world = World([giant, module(PASS)], workers=2, is_deferred=True).run()

    assert len({world.ran_by[test] for test in range(60)}) == 2


def test_a_worker_that_hangs_collecting_for_company_delays_nothing() -> None:
    hang_again = Module(tests=(Test(),) * 3, collect_s=1.0)
    world = World(
        [hang_again, module(PASS)], workers=2, limits=LIMITS, is_deferred=True, collect_limit_s=0.0
    )
    world.modules = [hang_again, module(PASS)]
    collect = world.collect

    def hang_in_company(worker, number, after) -> None:
        if not (number == 0 and worker.number == 1):
            collect(worker, number, after)

    world.collect = hang_in_company  # type: ignore[method-assign]

    world.run()

    assert len(world.finished) == 4
    assert max(world.finished_at.values()) < 2.0
    assert world.now < 1.0 + RETIRE_S + 1.0


# Fixtures, fresh workers, serial tests, locks.


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_module_whose_fixtures_live_on_is_run_by_one_worker(
    sizes: list[int], workers: int
) -> None:
    suite = [module(*[PASS] * size, set_up_s=0.1, is_whole=True) for size in sizes]

    world = World(suite, workers=workers).run()

    assert all(len(set_ups) == 1 for set_ups in world.set_ups.values())


def test_idle_workers_share_one_giant_module() -> None:
    giant = Module(tests=(Test(takes_s=0.05),) * 100, set_up_s=0.1)

    world = World([giant], workers=4).run()

    assert len(set(world.ran_by.values())) == 4
    assert world.now < 100 * 0.05 / 4 * 1.5


@pytest.mark.parametrize("is_deferred", [True, False])
def test_what_waits_behind_a_long_test_is_run_by_others(is_deferred: bool) -> None:
    """Also where only that worker has collected it, and it looks like no work at all."""
    long = Module(tests=(Test(takes_s=LIMIT_S * 0.9), *[Test(takes_s=0.0)] * 20), collect_s=0.2)
    other = Module(tests=(Test(takes_s=0.0),) * 5, collect_s=0.2)

    world = World([long, other], workers=2, is_deferred=is_deferred).run()

    late = [test for test, at in world.finished_at.items() if at > LIMIT_S * 0.8]
    assert len(world.finished) == 26
    assert len(late) <= FIRST_CHUNK


@given(fresh_worlds)
@settings(max_examples=40, deadline=None)
def test_a_fresh_worker_runs_tests_of_one_unit_only(world: World) -> None:
    at_once(world)

    owners: dict[int, set[object]] = {}
    for test, worker in world.ran_by.items():
        traits = world.tests[test]
        unit = (test // SPAN, traits.locks, traits.is_serial)
        owners.setdefault(worker, set()).add(unit)
    assert all(len(units) == 1 for units in owners.values())


def test_fresh_workers_are_not_started_again_and_again_to_wait_for_a_lock() -> None:
    locked = Module(tests=(Test(takes_s=1.0, locks=frozenset("a")),))

    world = World([locked] * 3, workers=2, is_fresh=True).run()

    assert len(world.finished) == 3
    assert world.spawned <= 4


def test_the_teardown_of_a_serial_test_ends_before_anything_else_begins() -> None:
    serial = Module(tests=(Test(is_serial=True, takes_s=0.1),) * 2)

    world = World([module(PASS), serial, module(PASS)], workers=3).run()

    assert len(world.finished) == 4


# Single decisions.

UNIT = Unit(key=0, module=0, tests=(1, 2))


def running() -> State:
    state = State(workers=1, limits=LIMITS, agenda=Agenda(pending=(UNIT,)))
    state, _ = controller.begin(state, 0.0)
    state, orders = decide(state, Asks(0, can_wait=True), 0.0)
    assert orders == [Run(0, (1, 2))]
    return state


def test_facts_about_a_worker_that_is_gone_change_nothing() -> None:
    state, _ = decide(running(), Gone(0), 0.0)

    for fact in (Asks(0, can_wait=True), Finished(0, 1, 0.1), Gone(0, 1)):
        assert decide(state, fact, 1.0) == (state, [])


def test_a_worker_gone_while_it_ran_a_test_is_replaced_at_once() -> None:
    _, orders = decide(running(), Gone(0, 1), 0.0)

    assert orders == [RecordLost(0, 1, Loss.CRASHED), Spawn(1)]


def test_giving_up_happens_once() -> None:
    state = State(workers=5, limits=LIMITS, agenda=Agenda(pending=(UNIT,) * 5))
    state, _ = controller.begin(state, 0.0)
    orders = []
    for worker in range(5):
        state, more = decide(state, Gone(worker), 0.0)
        orders += more

    assert orders.count(GiveUp()) == 1


def test_a_second_stop_changes_nothing() -> None:
    state, _ = decide(running(), Stop(), 0.0)

    assert decide(state, Stop(), 0.0) == (state, [])


def test_what_a_worker_had_collected_that_died_before_the_plan_is_run_by_another() -> None:
    state, _ = controller.begin(State(workers=2, modules=(0, 1), limits=LIMITS), 0.0)
    for worker in (0, 1):
        state, _ = decide(state, Asks(worker, can_wait=True), 0.1)
        state, _ = decide(state, ModuleCollected(worker, worker), 0.2)
        state, _ = decide(state, Asks(worker, can_wait=True), 0.2)
    state, _ = decide(state, Gone(0, None), 0.3)
    homes = {0: frozenset({0}), 1: frozenset({1})}
    units = tuple(Unit(key=each, module=each, tests=(each * SPAN,)) for each in (0, 1))
    agenda = Agenda(pending=units, homes=homes, collect_s={0: 1.0, 1: 1.0})

    state, first = decide(state, Planned(agenda), 0.4)
    state, _ = decide(state, Finished(1, 1, 0.01), 0.5)
    state, second = decide(state, Asks(1, can_wait=True), 0.5)

    ran = [each.tests for each in (*first, *second) if isinstance(each, Run)]
    assert sorted(ran) == [(0,), (SPAN,)]
