"""How long a session lasts, and when somebody must wait."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_platform.auth.sessions import LASTS, digest, is_over, new_token, waits_until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ago(*seconds):
    return [NOW - timedelta(seconds=each) for each in seconds]


@pytest.mark.parametrize(
    ("age", "over"),
    [
        (timedelta(0), False),
        (LASTS - timedelta(seconds=1), False),
        (LASTS, True),
        (LASTS + timedelta(days=30), True),
    ],
)
def test_a_session_lasts_a_week(age, over):
    assert is_over(NOW - age, NOW) is over


@pytest.mark.parametrize(
    ("mistakes", "wait"),
    [
        ((), None),
        ((1, 2, 3, 4), None),
        ((1, 2, 3, 4, 5), 55),
        ((1, 2, 3, 4, 60), None),
        ((10, 20, 30, 40, 59.5), 0.5),
        ((1, 2, 3, 4, 5, 50), 55),
    ],
)
def test_five_mistakes_within_a_minute_are_enough(mistakes, wait):
    until = waits_until(ago(*mistakes), NOW)

    assert until == (None if wait is None else NOW + timedelta(seconds=wait))


@given(st.lists(st.floats(0, 200), max_size=20))
def test_whoever_waits_that_long_may_try(seconds):
    mistakes = ago(*seconds)
    until = waits_until(mistakes, NOW)

    assert until is None or until > NOW
    assert until is None or waits_until(mistakes, until) is None


def test_tokens_differ_and_are_not_what_is_kept():
    one, other = new_token(), new_token()

    assert one != other
    assert one not in digest(one)
    assert digest(one) == digest(one) != digest(other)
