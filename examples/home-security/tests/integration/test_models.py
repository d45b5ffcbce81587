"""Every model goes into the database and comes out the same; the database refuses nonsense."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from home_security.models import (
    Alert,
    AuditEntry,
    Base,
    Camera,
    Entity,
    Event,
    Household,
    Rule,
    Sensor,
    User,
    Zone,
)
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

pytestmark = pytest.mark.integration

text = st.text("aZ0 ,.<&'\"\\%_\n\tßé漢😀\u200f", max_size=40)
flags, shares = st.booleans(), st.floats(0, 1)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
values = st.none() | flags | st.integers(-(2**53), 2**53) | text
documents = st.dictionaries(text, values | st.lists(values, max_size=3), max_size=4)


def words(kind):
    return st.sampled_from(kind)


# What each column may hold; columns that are not named here have a default or point to a parent.
COLUMNS = {
    Household: {
        "name": text, "mode": words(Mode), "notify_email": st.none() | text, "created_at": moments,
        "retention_days": st.integers(1, 365), "exit_delay_s": st.integers(0, 300),
        "armed_at": st.none() | moments,
        "quiet_from": st.times(), "quiet_until": st.times(),
    },
    User: {
        "name": text, "email": text, "role": words(Role), "pin_hash": text, "is_active": flags,
        "created_at": moments,
    },
    Zone: {"name": text, "kind": words(ZoneKind)},
    Entity: {
        "name": text, "kind": words(EntityKind), "is_trusted": flags, "note": text,
        "first_seen_at": moments, "last_seen_at": st.none() | moments,
    },
    Camera: {
        "name": text, "width": st.integers(1, 9999), "height": st.integers(1, 9999),
        "is_online": flags, "last_frame_at": st.none() | moments,
    },
    Sensor: {
        "name": text, "kind": words(SensorKind), "battery_percent": st.integers(0, 100),
        "is_online": flags, "is_open": flags, "last_seen_at": st.none() | moments,
    },
    Rule: {
        "name": text, "event_kind": words(EventKind), "modes": st.lists(words(Mode).map(str)),
        "severity": words(Severity), "minimum_confidence": shares, "ignores_trusted": flags,
        "window_s": st.integers(0, 86_400), "is_enabled": flags,
    },
    Event: {
        "kind": words(EventKind), "confidence": shares, "at": moments, "note": text,
        "details": documents,
    },
    Alert: {
        "status": words(AlertStatus), "severity": words(Severity), "count": st.integers(1, 10**6),
        "opened_at": moments, "last_at": moments, "resolved_at": st.none() | moments,
    },
    AuditEntry: {
        "actor": text, "action": text, "target": text, "at": moments, "details": documents,
    },
}  # fmt: skip


@pytest.fixture
def parents(postgres_session):
    """One row of each kind that others point to, as values for their columns."""
    home = Household(name="Parents")
    postgres_session.add(home)
    postgres_session.flush()
    zone = Zone(household_id=home.id, name="A zone", kind=ZoneKind.INTERIOR)
    rule = Rule(
        household_id=home.id,
        name="A rule",
        event_kind=EventKind.MOTION,
        modes=[],
        severity=Severity.INFO,
    )
    postgres_session.add_all([zone, rule])
    postgres_session.flush()
    return {"household_id": home.id, "zone_id": zone.id, "rule_id": rule.id}


def row(model, parents, columns):
    """A row with parents where it needs them."""
    wanted = {key: value for key, value in parents.items() if hasattr(model, key)}
    return model(**wanted, **columns)


def test_all_ten_models_are_tested_here():
    assert {mapper.class_ for mapper in Base.registry.mappers} == set(COLUMNS)
    assert len(COLUMNS) == 10


@pytest.mark.parametrize("model", COLUMNS, ids=lambda model: model.__name__)
def test_what_is_stored_comes_back_the_same(model, postgres_session, parents):
    @given(st.fixed_dictionaries(COLUMNS[model]))
    def check(columns):
        with postgres_session.begin_nested() as savepoint:
            stored = row(model, parents, columns)
            postgres_session.add(stored)
            postgres_session.flush()
            identifier = stored.id
            postgres_session.expunge(stored)
            found = postgres_session.get_one(model, identifier)
            assert {key: getattr(found, key) for key in columns} == columns
            savepoint.rollback()

    check()


VALID = {
    Household: {"name": "H"},
    Camera: {"name": "C"},
    Sensor: {"name": "S", "kind": SensorKind.DOOR},
    Rule: {"name": "R", "event_kind": EventKind.LEAK, "modes": [], "severity": Severity.INFO},
    Event: {"kind": EventKind.LEAK},
    Alert: {"severity": Severity.INFO},
}


@pytest.mark.parametrize(
    ("model", "wrong", "constraint"),
    [
        (Household, {"retention_days": 0}, "ck_household_retention"),
        (Household, {"retention_days": 366}, "ck_household_retention"),
        (Household, {"exit_delay_s": 301}, "ck_household_exit_delay"),
        (Household, {"quiet_from": datetime(2026, 1, 1).time()}, "ck_household_quiet_hours"),
        (Camera, {"width": 0}, "ck_camera_resolution"),
        (Sensor, {"battery_percent": 101}, "ck_sensor_battery"),
        (Sensor, {"battery_percent": -1}, "ck_sensor_battery"),
        (Rule, {"minimum_confidence": 1.5}, "ck_rule_confidence"),
        (Rule, {"window_s": -1}, "ck_rule_window"),
        (Event, {"confidence": -0.1}, "ck_event_confidence"),
        (Alert, {"count": 0}, "ck_alert_count"),
    ],
)
def test_the_database_refuses_what_makes_no_sense(
    model, wrong, constraint, postgres_session, parents
):
    postgres_session.add(row(model, parents, VALID[model] | wrong))

    with pytest.raises(IntegrityError, match=constraint):
        postgres_session.flush()


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (Zone, {"name": "Twice", "kind": ZoneKind.OUTDOOR}),
        (Entity, {"name": "Twice", "kind": EntityKind.PET}),
        (User, {"name": "U", "email": "twice@example.com", "pin_hash": "x"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_name_is_used_once(model, columns, postgres_session, parents):
    postgres_session.add_all([row(model, parents, columns), row(model, parents, columns)])

    with pytest.raises(IntegrityError, match=f"uq_{model.__tablename__}"):
        postgres_session.flush()


def test_a_household_takes_everything_along(home, postgres_session):
    postgres_session.execute(delete(Household).where(Household.id == home.id))

    for model in COLUMNS:
        assert postgres_session.scalar(select(func.count()).select_from(model)) == 0


def test_an_event_outlives_the_sensor_that_reported_it(zones, postgres_session):
    sensor = zones["Hall"].sensors[0]
    event = row(
        Event,
        {"household_id": zones["Hall"].household_id, "zone_id": zones["Hall"].id},
        {"kind": EventKind.MOTION, "sensor_id": sensor.id},
    )
    postgres_session.add(event)
    postgres_session.flush()

    postgres_session.execute(delete(Sensor).where(Sensor.id == sensor.id))
    postgres_session.refresh(event)

    assert event.sensor_id is None
