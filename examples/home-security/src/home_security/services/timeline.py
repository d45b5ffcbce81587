"""A day, hour by hour."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment until before another."""

    start: datetime
    end: datetime


def day_of(day: date) -> Span:
    """A day, in UTC."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    return Span(start, start + timedelta(days=1))


def per_hour(moments: Iterable[datetime], span: Span) -> list[int]:
    """How many moments each hour of a span has. Those outside are not counted."""
    hours = int((span.end - span.start) / timedelta(hours=1))
    counts = Counter(
        int((moment - span.start) / timedelta(hours=1))
        for moment in moments
        if span.start <= moment < span.end
    )
    return [counts[hour] for hour in range(hours)]


def last_hours(now: datetime, hours: int) -> Span:
    """The last full hours and the one that runs."""
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return Span(end - timedelta(hours=hours), end)


def busiest(counts: Sequence[int]) -> int | None:
    """The hour with most, the first of equals; None where nothing happened."""
    return counts.index(max(counts)) if any(counts) else None
