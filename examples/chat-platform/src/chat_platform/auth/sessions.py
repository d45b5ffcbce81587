"""What a session is, and when somebody must wait."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

LASTS = timedelta(days=7)
MISTAKES = 5
WITHIN = timedelta(minutes=1)


def new_token() -> str:
    """What a client shows with each request."""
    return secrets.token_urlsafe(24)


def digest(token: str) -> str:
    """What is kept of it: who reads the table cannot log in with what stands there."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_over(began_at: datetime, now: datetime) -> bool:
    """Whether a session has lasted long enough."""
    return now - began_at >= LASTS


def waits_until(mistakes: Sequence[datetime], now: datetime) -> datetime | None:
    """Until when nobody may try this name's password; None if somebody may.

    Five wrong ones within a minute are enough; it is over when the first of them is a minute old.
    """
    recent = sorted(each for each in mistakes if now - each < WITHIN)
    return None if len(recent) < MISTAKES else recent[-MISTAKES] + WITHIN
