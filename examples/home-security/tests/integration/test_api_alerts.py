"""Events become alerts, and people answer them."""

import pytest

from home_security.models import AuditEntry
from home_security.vocabulary import Mode

pytestmark = pytest.mark.integration


@pytest.fixture
def away(home):
    """Nobody is at home, and it is never night: the hour of the test must not matter."""
    home.mode = Mode.AWAY
    home.quiet_from = home.quiet_until = None
    return home


@pytest.fixture
def alerts(client):
    """The alerts with a status."""
    return lambda status="open": client.get("/api/alerts", params={"status": status}).json()


def test_a_stranger_while_everybody_is_away_is_an_alert(away, report, alerts):
    report("person")

    [alert] = alerts()
    assert (alert["title"], alert["zone"]) == ("Somebody at the house", "Front door")
    assert (alert["severity"], alert["count"]) == ("high", 1)


def test_while_disarmed_it_is_not(home, report, alerts):
    report("person")

    assert alerts() == []


def test_whoever_has_just_armed_may_still_leave(home, report, alerts, client):
    client.post("/api/arming", json={"command": "arm_away"})

    report("opened")

    assert alerts() == []


def test_without_an_exit_delay_they_may_not(home, report, alerts, client):
    home.exit_delay_s, home.quiet_from, home.quiet_until = 0, None, None
    client.post("/api/arming", json={"command": "arm_away"})

    report("opened")

    assert [alert["title"] for alert in alerts()] == ["Door or window opened"]


def test_somebody_trusted_is_none(away, report, alerts, client):
    ada = client.get("/api/entities").json()[0]

    report("person", entity_id=ada["id"])

    assert alerts() == []


def test_smoke_is_one_even_while_disarmed(home, report, alerts):
    report("smoke", zone="Kitchen")

    assert [alert["severity"] for alert in alerts()] == ["critical"]


def test_more_of_the_same_is_counted_and_gets_worse(away, report, alerts):
    for _ in range(3):
        report("motion", zone="Hall")

    [alert] = alerts()
    assert (alert["count"], alert["severity"]) == (3, "high")


def test_another_zone_is_another_alert(away, report, alerts):
    report("motion", zone="Hall")
    report("motion", zone="Garden")

    assert [alert["zone"] for alert in alerts()] == ["Garden", "Hall"]


def test_a_resolved_alert_is_not_opened_again(away, report, alerts, client):
    report("person")
    [first] = alerts()
    client.post(f"/api/alerts/{first['id']}/resolve")

    report("person")

    [second] = alerts()
    assert second["id"] != first["id"]
    assert [each["id"] for each in alerts("resolved")] == [first["id"]]


def test_an_alert_is_acknowledged_then_resolved(away, report, alerts, client):
    report("person")
    [alert] = alerts()

    acknowledged = client.post(f"/api/alerts/{alert['id']}/acknowledge").json()
    resolved = client.post(f"/api/alerts/{alert['id']}/resolve").json()

    assert acknowledged["status"] == "acknowledged"
    assert resolved["status"] == "resolved"
    assert resolved["resolved_at"] is not None


def test_what_makes_no_sense_is_refused_and_changes_nothing(away, report, alerts, client):
    report("person")
    [alert] = alerts()
    client.post(f"/api/alerts/{alert['id']}/resolve")

    response = client.post(f"/api/alerts/{alert['id']}/acknowledge")

    assert response.status_code == 409
    assert response.json()["detail"] == "cannot acknowledge an alert that is resolved"
    assert len(alerts("resolved")) == 1


def test_who_answered_is_in_the_audit(away, report, alerts, client, postgres_session):
    report("person")
    [alert] = alerts()

    client.post(f"/api/alerts/{alert['id']}/resolve", headers={"x-actor": "Grace"})

    entry = postgres_session.query(AuditEntry).one()
    assert (entry.actor, entry.action, entry.target) == ("Grace", "alert.resolve", alert["title"])


@pytest.mark.parametrize(
    ("path", "status"), [("999999/resolve", 404), ("0/resolve", 422), ("1/explode", 422)]
)
def test_an_alert_that_is_not_there_cannot_be_answered(path, status, client, home):
    assert client.post(f"/api/alerts/{path}").status_code == status


def test_an_unknown_status_is_refused(client, home):
    assert client.get("/api/alerts?status=forgotten").status_code == 422
