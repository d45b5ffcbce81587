"""Quiet hours may go past midnight."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_security.services.quiet import is_quiet

NIGHT = (time(22, 30), time(6, 30))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (time(22, 29), False),
        (time(22, 30), True),
        (time(0), True),
        (time(6, 29), True),
        (time(6, 30), False),
        (time(12), False),
    ],
)
def test_a_night_past_midnight(at, expected):
    assert is_quiet(at, *NIGHT) is expected


def test_a_nap_in_the_afternoon():
    assert is_quiet(time(14), time(13), time(15))
    assert not is_quiet(time(15), time(13), time(15))


def test_without_both_ends_it_is_never_quiet():
    assert not is_quiet(time(3), None, None)
    assert not is_quiet(time(3), time(1), None)


@given(st.times(), st.times(), st.times())
def test_a_moment_is_in_the_night_or_in_the_day_never_in_both(at, start, end):
    if start != end:
        assert is_quiet(at, start, end) is not is_quiet(at, end, start)
