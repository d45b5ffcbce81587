"""How events are folded into alerts, and what people do with these."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from home_security.vocabulary import AlertStatus, Severity


class Reply(StrEnum):
    """What a person does about an alert."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


NEXT: Mapping[AlertStatus, Mapping[Reply, AlertStatus]] = {
    AlertStatus.OPEN: {
        Reply.ACKNOWLEDGE: AlertStatus.ACKNOWLEDGED,
        Reply.RESOLVE: AlertStatus.RESOLVED,
    },
    AlertStatus.ACKNOWLEDGED: {Reply.RESOLVE: AlertStatus.RESOLVED},
    AlertStatus.RESOLVED: {},
}

ESCALATES_AT = (3, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that is not resolved, as far as folding cares."""

    status: AlertStatus
    severity: Severity
    count: int
    last_at: datetime


def folded(
    standing: Standing | None, severity: Severity, at: datetime, window: timedelta
) -> Standing:
    """One more event: into the alert that stands, or a new one when that has been still too long.

    An alert only gets worse. One that was acknowledged opens again when it does.
    """
    if standing is None or at - standing.last_at > window:
        return Standing(status=AlertStatus.OPEN, severity=severity, count=1, last_at=at)
    count = standing.count + 1
    order = list(Severity)
    worst = max(standing.severity, severity, key=order.index)
    if count in ESCALATES_AT:
        worst = worst.raised(1)
    status = AlertStatus.OPEN if worst is not standing.severity else standing.status
    last_at = max(at, standing.last_at)
    return replace(standing, status=status, severity=worst, count=count, last_at=last_at)


def is_same(standing: Standing | None, result: Standing) -> bool:
    """Whether an event went into the alert that stood."""
    return standing is not None and result.count > standing.count


def answered(status: AlertStatus, reply: Reply) -> AlertStatus | None:
    """The status after a reply, or None where the reply makes no sense."""
    return NEXT[status].get(reply)
