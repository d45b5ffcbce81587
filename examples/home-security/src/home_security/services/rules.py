"""Which rules an event sets off."""

from collections.abc import Iterable
from dataclasses import dataclass

from home_security.vocabulary import EventKind, Mode, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a rule needs to know about an event."""

    kind: EventKind
    confidence: float
    is_trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a rule asks for."""

    rule_id: int
    kind: EventKind
    modes: frozenset[Mode]
    severity: Severity
    minimum_confidence: float = 0.5
    ignores_trusted: bool = True
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Alarm:
    """A rule that was set off, and how bad it is."""

    rule_id: int
    severity: Severity


LIFE_SAFETY = frozenset({EventKind.SMOKE, EventKind.LEAK})


def is_met(condition: Condition, sighting: Sighting, mode: Mode) -> bool:
    """Whether an event sets off a rule. Fire and water count in every mode, whoever is there."""
    if not condition.is_enabled or condition.kind is not sighting.kind:
        return False
    if sighting.confidence < condition.minimum_confidence:
        return False
    if sighting.kind in LIFE_SAFETY:
        return True
    if condition.ignores_trusted and sighting.is_trusted:
        return False
    return mode in condition.modes


def alarms(
    conditions: Iterable[Condition], sighting: Sighting, mode: Mode, *, is_quiet: bool
) -> list[Alarm]:
    """Every rule that is set off. In quiet hours each is one step worse."""
    steps = 1 if is_quiet else 0
    return [
        Alarm(each.rule_id, each.severity.raised(steps))
        for each in conditions
        if is_met(each, sighting, mode)
    ]
