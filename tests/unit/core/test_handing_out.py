"""Who gets which tests, in a simulated world: nobody waits, and nothing runs beside what must be alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_world import LIMIT_S, SPAN, Module, Test, World, module
from worlds import LIMITS, PASS, at_once, fresh_worlds

from handrail.core.handing_out import RETIRE_S
from handrail.core.scheduling import FIRST_CHUNK


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
