"""An event comes in: store it, ask the rules, fold it into alerts."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from home_security import views
from home_security.live import Message
from home_security.models import Alert, Entity, Event, Household, Rule, Sensor
from home_security.services import alerts, arming, quiet, rules
from home_security.vocabulary import AlertStatus, EventKind, Mode

OPENNESS = {EventKind.OPENED: True, EventKind.CLOSED: False}


def record(session: Session, household: Household, event: Event) -> list[Message]:
    """Store an event and what follows from it. Not committed yet; the messages are to be told after.

    Events of one household are recorded one after the other: two that come together must not both
    open the same alert.
    """
    session.refresh(household, with_for_update=True)
    session.add(event)
    session.flush()
    _note_sender(session, event)
    messages = [Message(type="event", data=views.event(event).model_dump(mode="json"))]
    for alert in _alerts(session, household, event):
        data = views.alert(alert).model_dump(mode="json")
        messages.append(Message(type="alert", data=data))
    return messages


def _note_sender(session: Session, event: Event) -> None:
    if event.sensor_id is not None:
        sensor = session.get_one(Sensor, event.sensor_id)
        sensor.last_seen_at = event.at
        sensor.is_open = OPENNESS.get(event.kind, sensor.is_open)
    if event.entity_id is not None:
        session.get_one(Entity, event.entity_id).last_seen_at = event.at


def _alerts(session: Session, household: Household, event: Event) -> list[Alert]:
    sighting = rules.Sighting(
        kind=event.kind,
        confidence=event.confidence,
        is_trusted=event.entity is not None and event.entity.is_trusted,
    )
    query = select(Rule).where(Rule.household_id == household.id).order_by(Rule.id)
    by_id = {rule.id: rule for rule in session.scalars(query)}
    is_leaving = arming.is_leaving(household.armed_at, event.at, household.exit_delay_s)
    raised = rules.alarms(
        [condition_of(rule) for rule in by_id.values()],
        sighting,
        Mode.DISARMED if is_leaving else household.mode,
        is_quiet=quiet.is_quiet(event.at.time(), household.quiet_from, household.quiet_until),
    )
    return [_folded(session, event, by_id[alarm.rule_id], alarm) for alarm in raised]


def condition_of(rule: Rule) -> rules.Condition:
    """A row as the rules see it."""
    return rules.Condition(
        rule_id=rule.id,
        kind=rule.event_kind,
        modes=frozenset(Mode(mode) for mode in rule.modes),
        severity=rule.severity,
        minimum_confidence=rule.minimum_confidence,
        ignores_trusted=rule.ignores_trusted,
        is_enabled=rule.is_enabled,
    )


def _folded(session: Session, event: Event, rule: Rule, alarm: rules.Alarm) -> Alert:
    standing_alert = _standing(session, rule, event.zone_id)
    standing = None if standing_alert is None else _standing_of(standing_alert)
    result = alerts.folded(standing, alarm.severity, event.at, timedelta(seconds=rule.window_s))
    if standing_alert is None or not alerts.is_same(standing, result):
        standing_alert = Alert(
            household_id=event.household_id,
            rule=rule,
            zone=event.zone,
            opened_at=event.at,
        )
        session.add(standing_alert)
    standing_alert.status = result.status
    standing_alert.severity = result.severity
    standing_alert.count = result.count
    standing_alert.last_at = result.last_at
    session.flush()
    return standing_alert


def _standing(session: Session, rule: Rule, zone_id: int) -> Alert | None:
    query = (
        select(Alert)
        .where(Alert.rule_id == rule.id, Alert.zone_id == zone_id)
        .where(Alert.status != AlertStatus.RESOLVED)
        .order_by(Alert.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def _standing_of(alert: Alert) -> alerts.Standing:
    return alerts.Standing(
        status=alert.status, severity=alert.severity, count=alert.count, last_at=alert.last_at
    )


def reply(alert: Alert, wanted: alerts.Reply, at: datetime) -> bool:
    """Do what a person says about an alert; False where it makes no sense."""
    status = alerts.answered(alert.status, wanted)
    if status is None:
        return False
    alert.status = status
    if status is AlertStatus.RESOLVED:
        alert.resolved_at = at
    return True
