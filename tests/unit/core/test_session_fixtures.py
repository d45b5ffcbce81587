"""What lives for a whole session: each worker sets it up once, and tears it down at the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_world import LIMIT_S, SPAN, TICK_S, Does, Module, Start, Test, World, module
from worlds import LIMITS, PASS, at_once, healthy

from handrail.core.controller import decide
from handrail.core.controlling import Job, Pressure, Stage, State, Stop, Tick, Watch
from handrail.core.handing_out import RETIRE_S
from handrail.core.pressing import DUMP_S
from handrail.core.scheduling import Agenda


@given(healthy, st.integers(1, 4), st.integers(0, 2), st.booleans(), st.booleans())
def test_no_worker_sets_it_up_twice(
    suite: list[Module], workers: int, retries: int, is_deferred: bool, is_fresh: bool
) -> None:
    world = World(
        suite, workers=workers, retries=retries, is_deferred=is_deferred, is_fresh=is_fresh
    )

    at_once(world)

    assert max(world.session_set_ups.values(), default=0) <= 1


def waits(ending: Does) -> World:
    """The first worker has done all that it can while a serial test waits for the second one."""
    long, serial = Test(takes_s=1.0), Test(is_serial=True)
    suite = [module(PASS), Module(tests=(long,)), Module(tests=(serial,))]
    return World(suite, workers=2, limits=LIMITS, starts={0: Start(ending=ending)})


def test_a_session_that_is_never_torn_down_costs_its_last_test_within_the_limit() -> None:
    world = waits(Does.HANG).run()

    (late,) = world.lost_late
    assert late == (0, late[1])
    assert late[1].value == "timed out"
    assert sorted(world.finished) == [0, SPAN, 2 * SPAN]
    assert world.now <= 1.0 + LIMIT_S + DUMP_S + 4 * TICK_S


def test_a_process_that_ends_while_it_tears_down_costs_its_last_test() -> None:
    world = waits(Does.CRASH).run()

    (late,) = world.lost_late
    assert (late[0], late[1].value) == (0, "crashed")


def retired(pressure: Pressure = Pressure.RETIRED) -> State:
    job = Job(since=0.0, stage=Stage.IDLE, pressure=pressure, act_at=RETIRE_S)
    return State(workers=1, limits=LIMITS, agenda=Agenda(pending=()), jobs={0: job})


@pytest.mark.parametrize("limit_s", [0.0, 10 * RETIRE_S])
def test_it_may_take_as_long_as_its_last_test(limit_s: float) -> None:
    watch = Watch(0, 7, for_s=2 * RETIRE_S, limit_s=limit_s, memory_bytes=0)

    state, orders = decide(retired(), Tick((watch,)), 2 * RETIRE_S)

    assert orders == []
    assert state.jobs[0].act_at == 3 * RETIRE_S


def test_after_ctrl_c_it_has_no_longer_than_the_grace() -> None:
    watch = Watch(0, 7, for_s=1.0, limit_s=0.0, memory_bytes=0)
    state, _ = decide(retired(), Stop(now_too=True), 1.0)

    state, orders = decide(state, Tick((watch,)), 1.0 + LIMITS.grace_s)

    assert [type(each).__name__ for each in orders] == ["Kill"]
