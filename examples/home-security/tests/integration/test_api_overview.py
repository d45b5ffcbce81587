"""Everything that the dashboard shows, in one answer."""

import pytest

from home_security.vocabulary import Mode

pytestmark = pytest.mark.integration


def test_a_new_home_is_quiet(client, home):
    overview = client.get("/api/overview").json()

    assert (overview["name"], overview["mode"]) == ("14 Harbour Street", "disarmed")
    assert (overview["open_alerts"], overview["worst"], overview["recent"]) == (0, None, [])
    assert overview["per_hour"] == [0] * 24


def test_the_worst_alert_counts_until_it_is_resolved(client, home, report):
    home.quiet_from = home.quiet_until = None
    report("leak", zone="Kitchen")
    report("smoke", zone="Kitchen")
    smoke = client.get("/api/alerts").json()[0]
    assert client.get("/api/overview").json()["worst"] == "critical"

    client.post(f"/api/alerts/{smoke['id']}/resolve")

    overview = client.get("/api/overview").json()
    assert (overview["worst"], overview["open_alerts"]) == ("high", 1)


def test_a_zone_says_what_is_open_offline_and_alarmed(client, home, zones, report):
    home.mode = Mode.HOME
    report("opened", zone="Garden", sensor_id=zones["Garden"].sensors[0].id)

    garden = client.get("/api/overview").json()["zones"][3]

    assert garden == {
        "name": "Garden", "kind": "outdoor", "open_contacts": 1, "offline": 1, "alerts": 1,
    }  # fmt: skip


def test_the_last_eight_events_are_shown_and_all_are_counted(client, report):
    ids = [report("motion")["id"] for _ in range(10)]

    overview = client.get("/api/overview").json()

    assert [each["id"] for each in overview["recent"]] == ids[:1:-1]
    assert sum(overview["per_hour"]) == 10


@pytest.mark.parametrize(
    "path",
    ["overview", "events", "events/1", "timeline", "alerts", "entities", "zones", "rules", "audit",
     "audit.csv", "settings", "system"],
)  # fmt: skip
def test_without_a_household_every_question_is_answered_the_same(path, client):
    response = client.get(f"/api/{path}")

    assert (response.status_code, response.json()) == (
        409,
        {"detail": "no household is set up yet"},
    )
