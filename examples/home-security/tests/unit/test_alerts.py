"""Events are folded into alerts: told once, escalated when they go on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_security.services.alerts import NEXT, Reply, Standing, answered, folded, is_same
from home_security.vocabulary import AlertStatus, Severity

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
severities = st.sampled_from(Severity)
gaps = st.lists(st.tuples(st.integers(0, 600), severities), min_size=1, max_size=30)


def standing(status=AlertStatus.OPEN, severity=Severity.WARNING, count=1):
    return Standing(status=status, severity=severity, count=count, last_at=NOON)


def test_the_first_event_opens_an_alert():
    result = folded(None, Severity.HIGH, NOON, WINDOW)

    assert result == Standing(
        status=AlertStatus.OPEN, severity=Severity.HIGH, count=1, last_at=NOON
    )
    assert not is_same(None, result)


def test_an_event_within_the_window_is_counted_not_told_again():
    at = NOON + WINDOW

    result = folded(standing(), Severity.WARNING, at, WINDOW)

    assert (result.count, result.last_at) == (2, at)
    assert is_same(standing(), result)


def test_an_event_after_the_window_is_a_new_alert():
    result = folded(standing(count=7), Severity.INFO, NOON + WINDOW + timedelta(seconds=1), WINDOW)

    assert (result.count, result.severity) == (1, Severity.INFO)
    assert not is_same(standing(count=7), result)


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "warning"), (2, "high"), (8, "warning"), (9, "high")]
)
def test_the_third_and_the_tenth_event_make_it_worse(count, expected):
    result = folded(standing(count=count), Severity.WARNING, NOON, WINDOW)

    assert result.severity == expected


def test_an_acknowledged_alert_opens_again_when_it_gets_worse():
    seen = standing(status=AlertStatus.ACKNOWLEDGED)

    assert folded(seen, Severity.CRITICAL, NOON, WINDOW).status is AlertStatus.OPEN


def test_an_acknowledged_alert_stays_so_when_it_just_goes_on():
    seen = standing(status=AlertStatus.ACKNOWLEDGED)

    assert folded(seen, Severity.INFO, NOON, WINDOW).status is AlertStatus.ACKNOWLEDGED


def test_a_late_report_does_not_turn_the_clock_back():
    result = folded(standing(), Severity.INFO, NOON - timedelta(minutes=1), WINDOW)

    assert result.last_at == NOON


@given(gaps)
def test_within_one_alert_it_never_gets_better_and_no_event_is_lost(reports):
    order, at, state, told = list(Severity), NOON, None, 0

    for gap, severity in reports:
        at += timedelta(seconds=gap)
        result = folded(state, severity, at, WINDOW)
        if is_same(state, result):
            assert order.index(result.severity) >= order.index(state.severity)
        else:
            told += 0 if state is None else state.count
        state = result

    assert told + state.count == len(reports)


@pytest.mark.parametrize(
    ("status", "reply", "expected"),
    [
        (AlertStatus.OPEN, Reply.ACKNOWLEDGE, AlertStatus.ACKNOWLEDGED),
        (AlertStatus.OPEN, Reply.RESOLVE, AlertStatus.RESOLVED),
        (AlertStatus.ACKNOWLEDGED, Reply.RESOLVE, AlertStatus.RESOLVED),
        (AlertStatus.ACKNOWLEDGED, Reply.ACKNOWLEDGE, None),
        (AlertStatus.RESOLVED, Reply.RESOLVE, None),
        (AlertStatus.RESOLVED, Reply.ACKNOWLEDGE, None),
    ],
)
def test_an_alert_is_answered_once(status, reply, expected):
    assert answered(status, reply) is expected


def test_every_status_has_its_moves_written_down():
    assert set(NEXT) == set(AlertStatus)
