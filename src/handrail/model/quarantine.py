"""Tests that run and are reported, but do not make a run fail: until a day."""

from collections.abc import Iterable

from handrail.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A test in quarantine. Days are written as ``2026-12-05``."""

    test: str
    """Its node id; without the part in brackets all its parameters are meant."""
    reason: str
    owner: str
    expires: str
    """The last day on which it counts as nothing."""
    since: str = ""
    is_expired: bool = False
    """Whether that day was over when the run began."""


def names_of(test: str) -> tuple[str, str]:
    """The names by which a test may be in quarantine."""
    return test, test.partition("[")[0]


def is_named(test: str, names: Iterable[str]) -> bool:
    """Whether one of these names means this test."""
    return not set(names_of(test)).isdisjoint(names)
