"""Who is announced, who is chosen: with a clock that stands still until it is moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.discovery import Chooser, Heartbeat, NobodyError


class Clock:
    """Shows the time that it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def chooser(clock):
    return Chooser(clock, ttl_s=3.0)


def test_an_announcement_is_due_at_once():
    assert Heartbeat(3.0).is_due(0.0)


def test_it_is_renewed_three_times_in_its_life():
    beat = Heartbeat(3.0)
    beat.announced(10.0)

    assert not beat.is_due(10.9)
    assert beat.is_due(11.0)


def test_until_then_there_is_nothing_to_do():
    beat = Heartbeat(3.0)
    beat.announced(10.0)

    assert beat.wait_s(10.25) == 0.75
    assert beat.wait_s(12.0) == 0


@given(st.floats(0.1, 100), st.floats(0, 1e6))
def test_two_missed_renewals_are_survived(ttl_s, now):
    beat = Heartbeat(ttl_s)
    beat.announced(now)

    assert 3 * beat.wait_s(now) <= ttl_s * 1.001


def test_everybody_has_a_turn(chooser):
    assert {chooser.choose("recogniser", ["a", "b", "c"]) for _ in range(3)} == {"a", "b", "c"}


def test_nobody_is_chosen_of_nobody(chooser):
    with pytest.raises(NobodyError, match="no recogniser is announced"):
        chooser.choose("recogniser", [])


def test_one_that_is_gone_is_left_alone(chooser):
    chooser.lost("a")

    assert {chooser.choose("recogniser", ["a", "b"]) for _ in range(5)} == {"b"}


def test_if_all_are_gone_there_is_nobody(chooser):
    chooser.lost("a")

    with pytest.raises(NobodyError):
        chooser.choose("recogniser", ["a"])


def test_who_is_announced_again_after_its_time_to_live_is_back(chooser, clock):
    chooser.lost("a")
    clock.now = 2.9
    with pytest.raises(NobodyError):
        chooser.choose("recogniser", ["a"])

    clock.now = 3.0

    assert chooser.choose("recogniser", ["a"]) == "a"
