"""A day, hour by hour."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from home_security.services.timeline import busiest, day_of, last_hours, per_hour

DAY = day_of(date(2026, 3, 1))
moments = st.datetimes(datetime(2026, 2, 28), datetime(2026, 3, 3), timezones=st.just(UTC))


def test_each_event_is_in_its_hour():
    counts = per_hour(
        [DAY.start, DAY.start + timedelta(minutes=59), DAY.start + timedelta(hours=23)], DAY
    )

    assert counts == [2, *[0] * 22, 1]


def test_a_day_ends_before_midnight():
    assert sum(per_hour([DAY.end], DAY)) == 0


def test_the_last_hours_end_with_the_one_that_runs():
    now = datetime(2026, 3, 1, 12, 34, tzinfo=UTC)

    span = last_hours(now, 24)

    assert (span.end - now) < timedelta(hours=1)
    assert span.end - span.start == timedelta(hours=24)
    assert per_hour([now], span)[-1] == 1


def test_the_busiest_hour_is_the_first_of_equals():
    assert busiest([0, 3, 1, 3]) == 1


def test_a_day_without_events_has_no_busiest_hour():
    assert busiest([0, 0]) is None


@given(st.lists(moments, max_size=40))
def test_no_event_of_the_day_is_lost_and_none_is_counted_twice(some):
    inside = [each for each in some if DAY.start <= each < DAY.end]

    assert sum(per_hour(some, DAY)) == len(inside)
    assert len(per_hour(some, DAY)) == 24
