"""The controller against a simulated world: no process, no sleep, any bad luck."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_world import LIMIT_S, SPAN, TICK_S, Does, Module, Start, Test, World, module
from worlds import LIMITS, PASS, at_once, fresh_worlds, suites, worlds

from handrail.core import controller
from handrail.core.controller import START_DEATHS, STRIKES, decide
from handrail.core.controlling import (
    Asks,
    Collect,
    Finished,
    GiveUp,
    Gone,
    Job,
    Limits,
    Loss,
    ModuleCollected,
    Planned,
    RecordLost,
    Run,
    Spawn,
    Stage,
    State,
    Stop,
)
from handrail.core.pressing import DUMP_S, SILENCE_S
from handrail.core.scheduling import Agenda, Unit

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


def test_a_run_whose_workers_never_ask_is_given_up() -> None:
    world = World([module(PASS)], workers=1, starts=dict.fromkeys(range(9), Start(is_mute=True)))

    world.run(until_s=SILENCE_S * 4)

    assert world.gave_up == 1


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
            0: Job(since=0.0, stage=Stage.COLLECTING, modules=(0, 1)),
            1: Job(since=0.0, stage=Stage.IDLE),
        },
        next_worker=2,
    )

    world.fold(decide(world.state, Gone(0), 0.0))

    assert world.orders[-1] == Collect(1, (1,))


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
