"""Severities have an order."""

from hypothesis import given
from hypothesis import strategies as st

from home_security.vocabulary import Severity

severities = st.sampled_from(Severity)


def test_one_step_worse():
    assert Severity.WARNING.raised(1) is Severity.HIGH


@given(severities)
def test_nothing_is_worse_than_critical(severity):
    assert severity.raised(99) is Severity.CRITICAL


@given(severities, st.integers(0, 5), st.integers(0, 5))
def test_steps_add_up(severity, first, second):
    assert severity.raised(first).raised(second) is severity.raised(first + second)
