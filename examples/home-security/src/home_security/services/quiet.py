"""Quiet hours: the night of a household."""

from datetime import time


def is_quiet(at: time, start: time | None, end: time | None) -> bool:
    """Whether a time of day lies in [start, end), which may go past midnight."""
    if start is None or end is None or start == end:
        return False
    if start < end:
        return start <= at < end
    return at >= start or at < end
