"""A home to look at: what the demo shows and the browser tests start from."""

from datetime import UTC, datetime, time, timedelta

from sqlalchemy.orm import Session

from home_security.models import (
    Alert,
    AuditEntry,
    Camera,
    Entity,
    Event,
    Household,
    Rule,
    Sensor,
    User,
    Zone,
)
from home_security.services import pins
from home_security.vocabulary import (
    AlertStatus,
    EntityKind,
    EventKind,
    Mode,
    Role,
    SensorKind,
    Severity,
    ZoneKind,
)

PIN = "2468"
_PIN_HASH = pins.hashed(PIN, b"a salt for demos")
_ARMED = [Mode.HOME.value, Mode.AWAY.value]


def seed_home(session: Session) -> Household:
    """A household with everything but a history."""
    home = Household(
        name="14 Harbour Street",
        notify_email="ada@example.com",
        quiet_from=time(22, 30),
        quiet_until=time(6, 30),
    )
    session.add(home)
    session.flush()
    session.add_all(
        [
            User(
                household_id=home.id,
                name="Ada",
                email="ada@example.com",
                role=Role.OWNER,
                pin_hash=_PIN_HASH,
            ),
            *_zones(home),
            *_entities(home),
            *_rules(home),
        ]
    )
    session.flush()
    return home


def _zones(home: Household) -> list[Zone]:
    return [
        Zone(
            household_id=home.id,
            name="Front door",
            kind=ZoneKind.PERIMETER,
            sensors=[Sensor(name="Front door contact", kind=SensorKind.DOOR, battery_percent=87)],
            cameras=[Camera(name="Doorbell", width=1600, height=1200)],
        ),
        Zone(
            household_id=home.id,
            name="Kitchen",
            kind=ZoneKind.INTERIOR,
            sensors=[
                Sensor(name="Kitchen window", kind=SensorKind.WINDOW, battery_percent=64),
                Sensor(name="Kitchen smoke detector", kind=SensorKind.SMOKE, battery_percent=93),
                Sensor(name="Dishwasher leak sensor", kind=SensorKind.LEAK, battery_percent=41),
            ],
        ),
        Zone(
            household_id=home.id,
            name="Hall",
            kind=ZoneKind.INTERIOR,
            sensors=[Sensor(name="Hall motion sensor", kind=SensorKind.MOTION, battery_percent=12)],
        ),
        Zone(
            household_id=home.id,
            name="Garden",
            kind=ZoneKind.OUTDOOR,
            sensors=[Sensor(name="Gate contact", kind=SensorKind.DOOR, battery_percent=55)],
            cameras=[
                Camera(name="Garden camera"),
                Camera(name="Garage camera", is_online=False),
            ],
        ),
    ]


def _entities(home: Household) -> list[Entity]:
    known = [
        ("Ada", EntityKind.PERSON, True, "Lives here."),
        ("Grace", EntityKind.PERSON, True, "Lives here."),
        ("Biscuit", EntityKind.PET, True, "A dog that opens doors."),
        ("Blue van", EntityKind.VEHICLE, False, "Parks opposite on Tuesdays."),
    ]
    return [
        Entity(household_id=home.id, name=name, kind=kind, is_trusted=is_trusted, note=note)
        for name, kind, is_trusted, note in known
    ]


def _rules(home: Household) -> list[Rule]:
    rules = [
        ("Somebody at the house", EventKind.PERSON, _ARMED, Severity.HIGH),
        ("Motion inside", EventKind.MOTION, [Mode.AWAY.value], Severity.WARNING),
        ("Door or window opened", EventKind.OPENED, _ARMED, Severity.HIGH),
        ("Smoke", EventKind.SMOKE, [each.value for each in Mode], Severity.CRITICAL),
        ("Water", EventKind.LEAK, [each.value for each in Mode], Severity.HIGH),
    ]
    return [
        Rule(household_id=home.id, name=name, event_kind=kind, modes=modes, severity=severity)
        for name, kind, modes, severity in rules
    ]


def seed_history(session: Session, home: Household, now: datetime | None = None) -> None:
    """The last day: events, two alerts, a few lines of audit."""
    now = now or datetime.now(UTC)
    zones = {zone.name: zone for zone in home.zones}
    happenings = [
        (20 * 60, "Front door", EventKind.OPENED, "Ada came home."),
        (19 * 60 + 40, "Hall", EventKind.MOTION, ""),
        (17 * 60, "Garden", EventKind.VEHICLE, "A delivery."),
        (13 * 60, "Garden", EventKind.MOTION, "A cat, probably."),
        (12 * 60 + 50, "Garden", EventKind.MOTION, ""),
        (9 * 60, "Kitchen", EventKind.OPENED, "Airing the kitchen."),
        (8 * 60 + 30, "Kitchen", EventKind.CLOSED, ""),
        (5 * 60, "Front door", EventKind.PERSON, "Rang twice, left a parcel."),
        (4 * 60 + 55, "Front door", EventKind.PERSON, ""),
        (150, "Garden", EventKind.MOTION, ""),
        (90, "Kitchen", EventKind.LEAK, "Dishwasher."),
        (35, "Front door", EventKind.CLOSED, ""),
        (12, "Hall", EventKind.MOTION, ""),
    ]
    for minutes, zone, kind, note in happenings:
        at = now - timedelta(minutes=minutes)
        session.add(
            Event(
                household_id=home.id, zone=zones[zone], kind=kind, note=note, at=at, confidence=0.9
            )
        )
    rules = {rule.name: rule for rule in session.query(Rule).filter_by(household_id=home.id)}
    for rule, zone, status, minutes, count in [
        ("Somebody at the house", "Front door", AlertStatus.OPEN, 295, 2),
        ("Water", "Kitchen", AlertStatus.ACKNOWLEDGED, 90, 1),
    ]:
        at = now - timedelta(minutes=minutes)
        session.add(
            Alert(
                household_id=home.id,
                rule=rules[rule],
                zone=zones[zone],
                status=status,
                count=count,
                severity=rules[rule].severity,
                opened_at=at,
                last_at=at,
            )
        )
    for minutes, actor, action, target in [
        (21 * 60, "Ada", "arming.changed", "away"),
        (20 * 60, "Ada", "arming.changed", "disarmed"),
        (80, "panel", "alert.acknowledge", "Water"),
    ]:
        at = now - timedelta(minutes=minutes)
        session.add(
            AuditEntry(household_id=home.id, actor=actor, action=action, target=target, at=at)
        )
    session.flush()
