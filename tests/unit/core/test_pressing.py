"""Limits and stops, in a simulated world: what is lost, and how firmly workers are asked to go."""

import pytest
from simulated_world import LIMIT_S, SPAN, TICK_S, Does, Module, Start, Test, World, module
from worlds import LIMITS, PASS

from handrail.core.controller import decide
from handrail.core.controlling import Dump, Job, Limits, Loss, State, Tick, Watch
from handrail.core.handing_out import RETIRE_S
from handrail.core.pressing import DUMP_S, SILENCE_S, UNTOLD_S


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


def test_a_worker_that_has_no_time_to_write_its_stacks_yet_is_waited_for() -> None:
    dump_s = DUMP_S + 0.8 * UNTOLD_S
    world = World([module(Does.HANG, PASS)], workers=1, limits=LIMITS, dump_s=dump_s).run()

    assert world.told == [0]
    assert world.lost == [(0, Loss.TIMED_OUT)]
    assert LIMIT_S + dump_s <= world.finished_at[1] <= LIMIT_S + dump_s + 4 * TICK_S


def test_a_worker_that_never_writes_its_stacks_is_not_waited_for_in_vain() -> None:
    world = World([module(Does.HANG, PASS)], workers=1, limits=LIMITS, dump_s=1000.0).run()

    assert world.told == []
    most = LIMIT_S + DUMP_S + UNTOLD_S + 4 * TICK_S
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


def test_a_worker_that_never_asks_is_ended_when_the_others_have_done_everything() -> None:
    world = World([module(PASS, PASS)] * 3, workers=2, starts={1: Start(is_mute=True)}).run()

    assert len(world.finished) == 6
    assert world.now <= RETIRE_S + 3 * TICK_S


def test_a_worker_that_does_not_retire_is_terminated() -> None:
    world = World([module(PASS)], workers=1, starts={0: Start(lingers=True)}).run()

    assert world.finished == [0]
    assert RETIRE_S < world.now < RETIRE_S + 1.0


@pytest.mark.parametrize(("silent_s", "is_ended"), [(SILENCE_S - 1, False), (SILENCE_S + 1, True)])
def test_a_worker_that_runs_nothing_may_be_silent_for_a_while(
    silent_s: float, is_ended: bool
) -> None:
    since = 10 * SILENCE_S
    state = State(workers=1, limits=LIMITS, modules=(), jobs={0: Job(since=since)})
    watch = Watch(0, None, for_s=silent_s, limit_s=0.0, memory_bytes=0)

    _, orders = decide(state, Tick((watch,)), since + silent_s)

    assert (Dump(0) in orders) is is_ended
