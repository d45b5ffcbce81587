"""How long a run may still take, and which tests are slow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.progress import Basis, Eta, Standing, eta, is_slow, waited_s
from handrail.model.events import Running

HALF = Standing(
    run_id="r",
    tiers=("fast",),
    started_at=90.0,
    last_at=110.0,
    done=10,
    total=20,
    collected_at=100.0,
    estimate_s=30.0,
)


def test_nobody_knows_before_collection_ended() -> None:
    unknown = replace(HALF, total=None, collected_at=None)

    assert eta(unknown, 110.0) == Eta(remaining_s=None, basis=Basis.NONE)


def test_history_tells_what_is_left_counted_from_the_end_of_collection() -> None:
    assert eta(HALF, 110.0) == Eta(remaining_s=20.0, basis=Basis.HISTORY)


def test_a_run_that_takes_longer_than_history_says_is_estimated_by_its_pace() -> None:
    assert eta(HALF, 140.0) == Eta(remaining_s=40.0, basis=Basis.PACE)


def test_without_history_the_pace_so_far_goes_on() -> None:
    fresh = replace(HALF, estimate_s=None, done=5)

    assert eta(fresh, 110.0) == Eta(remaining_s=30.0, basis=Basis.PACE)


def test_two_tests_are_no_pace() -> None:
    assert eta(replace(HALF, estimate_s=None, done=2), 110.0).basis is Basis.NONE
    assert eta(replace(HALF, estimate_s=None, done=3), 110.0).basis is Basis.PACE


def test_nothing_is_left_when_every_test_is_done() -> None:
    assert eta(replace(HALF, done=20), 110.0).remaining_s == 0.0


@given(st.floats(0, 1e6), st.integers(0, 30), st.floats(0, 1e6) | st.none())
def test_an_estimate_is_never_negative(now: float, done: int, estimate_s: float | None) -> None:
    left = eta(replace(HALF, done=done, estimate_s=estimate_s), now).remaining_s

    assert left is None or left >= 0


@pytest.mark.parametrize(
    ("for_s", "usual_s", "expected"),
    [
        (5.1, None, True),
        (5.0, None, False),
        (6.1, 2.0, True),
        (6.0, 2.0, False),
        (0.9, 0.01, False),
        (1.1, 0.01, True),
    ],
)
def test_slow_is_three_times_the_usual_and_a_second_or_else_five(
    for_s: float, usual_s: float | None, expected: bool
) -> None:
    assert is_slow(for_s, usual_s) is expected


def test_a_test_goes_on_running_between_two_signs_of_life() -> None:
    running = Running(test="a", for_s=2.0, worker="w")

    assert waited_s(running, replace(HALF, running_at=110.0), 113.0) == 5.0
