"""Tests that fail are tried again: by whom, when, and how often, whatever else happens."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from simulated_world import SPAN, Does, Module, Start, Test, Worker, World
from worlds import LIMITS, at_once, healthy, starts, suites


class Watched(World):
    """Notes, when a test begins again, which tests of its module wait for their first attempt, and
    which others of it are under way.
    """

    def __init__(self, suite: list[Module], **more: Any) -> None:
        super().__init__(suite, **more)
        self.waiting: list[int] = []
        self.beside: list[int] = []

    def begin(self, worker: Worker, test: int) -> None:
        if self.settled[test]:
            mates = [each for each in self.tests if each // SPAN == test // SPAN]
            self.waiting += [each for each in mates if not self.begun[each]]
            others = [each.test for each in self.workers.values() if each is not worker]
            self.beside += [each for each in others if each in mates]
        super().begin(worker, test)


@given(healthy, st.integers(1, 4), st.integers(0, 2), st.booleans(), st.booleans())
def test_every_test_is_tried_as_often_as_it_may_be(
    suite: list[Module], workers: int, retries: int, is_deferred: bool, is_fresh: bool
) -> None:
    world = Watched(
        suite, workers=workers, retries=retries, is_deferred=is_deferred, is_fresh=is_fresh
    )

    at_once(world)

    assert dict(world.settled) == dict.fromkeys(world.tests, retries + 1)
    assert dict(world.begun) == dict(world.settled)


@given(healthy, st.integers(1, 4), st.booleans())
def test_it_is_tried_again_after_the_rest_of_its_module(
    suite: list[Module], workers: int, is_deferred: bool
) -> None:
    world = Watched(suite, workers=workers, retries=2, is_deferred=is_deferred)

    at_once(world)

    assert world.waiting == []
    assert world.beside == []


@given(suites, st.integers(1, 4), starts, st.integers(1, 2))
def test_whatever_workers_do_the_run_ends_and_no_test_is_tried_too_often(
    suite: list[Module], workers: int, how: dict[int, Start], retries: int
) -> None:
    world = World(suite, workers=workers, limits=LIMITS, starts=how, retries=retries)

    at_once(world)

    assert all(count <= retries + 1 for count in world.settled.values())
    if not world.gave_up:
        assert set(world.settled) == set(world.tests)


def test_a_crash_of_the_last_test_brings_a_new_worker_for_its_next_try() -> None:
    world = World([Module(tests=(Test(does=Does.CRASH),))], workers=1, retries=1)

    at_once(world)

    assert [test for test, _ in world.lost] == [0, 0]
    assert world.spawned == 2
