"""What is old is forgotten; what somebody still has to do is not."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from home_security.models import Alert, AuditEntry, Event
from home_security.retention import forget_old
from home_security.vocabulary import AlertStatus

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def happened(home, zones, postgres_session):
    """Something happened some days ago."""

    def happened(model, days, **columns):
        common = {"household_id": home.id} | columns
        row = model(**common)
        for name in {"at", "opened_at", "last_at"} & set(model.__table__.columns.keys()):
            setattr(row, name, NOW - timedelta(days=days))
        postgres_session.add(row)
        postgres_session.flush()
        return row

    return happened


def test_events_are_kept_as_long_as_the_household_wants(home, zones, happened, postgres_session):
    home.retention_days = 7
    kept = happened(Event, 7, zone_id=zones["Hall"].id, kind="motion")
    happened(Event, 7.01, zone_id=zones["Hall"].id, kind="motion")

    assert forget_old(postgres_session, NOW) == 1

    assert postgres_session.query(Event).all() == [kept]


def test_an_old_alert_is_kept_until_it_is_resolved(zones, happened, postgres_session, client):
    rule_id = client.get("/api/rules").json()[0]["id"]
    common = {"rule_id": rule_id, "zone_id": zones["Hall"].id, "severity": "high"}
    waiting = happened(Alert, 400, status=AlertStatus.OPEN, **common)
    happened(Alert, 400, status=AlertStatus.RESOLVED, **common)

    forget_old(postgres_session, NOW)

    assert postgres_session.query(Alert).all() == [waiting]


def test_the_audit_is_kept(happened, postgres_session):
    happened(AuditEntry, 4000, actor="Ada", action="arming.changed")

    forget_old(postgres_session, NOW)

    assert postgres_session.query(AuditEntry).count() == 1


def test_it_is_a_command_for_a_timer(postgres):
    environ = {
        "HOME_SECURITY_DATABASE_URL": postgres.url,
        "HOME_SECURITY_REDIS_URL": "redis://not.used",
    }
    command = [sys.executable, "-m", "home_security.retention"]

    done = subprocess.run(
        command, env=os.environ | environ, capture_output=True, text=True, check=True
    )

    assert done.stdout == "0 events forgotten\n"
