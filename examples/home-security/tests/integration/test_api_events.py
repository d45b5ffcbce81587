"""Events come in, are stored, and are found again."""

from datetime import UTC, datetime, timedelta

import pytest

from home_security.models import Event, Sensor

pytestmark = pytest.mark.integration


def test_an_event_is_stored_with_its_time(report, client):
    before = datetime.now(UTC)

    event = report("motion", note="A cat", confidence=0.7)

    assert before <= datetime.fromisoformat(event["at"]) <= datetime.now(UTC)
    assert client.get(f"/api/events/{event['id']}").json() == event
    assert (event["zone"], event["note"], event["confidence"]) == ("Front door", "A cat", 0.7)


def test_the_newest_comes_first(report, client):
    ids = [report("motion")["id"] for _ in range(3)]

    listed = client.get("/api/events").json()

    assert [each["id"] for each in listed["items"]] == ids[::-1]
    assert listed["total"] == 3


def test_pages_do_not_overlap_and_miss_nothing(report, client):
    ids = {report("motion")["id"] for _ in range(5)}

    pages = [client.get(f"/api/events?limit=2&offset={offset}").json() for offset in (0, 2, 4)]

    found = [each["id"] for page in pages for each in page["items"]]
    assert sorted(found) == sorted(ids)
    assert [page["total"] for page in pages] == [5, 5, 5]


def test_events_are_found_by_kind_zone_and_note(report, client, zones):
    wanted = report("leak", zone="Kitchen", note="Dishwasher 100%")
    report("leak", zone="Garden", note="Dishwasher 100%")
    report("motion", zone="Kitchen", note="Dishwasher 100%")
    report("leak", zone="Kitchen", note="Sink")

    found = client.get(
        "/api/events",
        params={"kind": "leak", "zone_id": zones["Kitchen"].id, "text": "WASHER 100%"},
    ).json()

    assert [each["id"] for each in found["items"]] == [wanted["id"]]


def test_a_per_cent_sign_in_a_search_is_just_that(report, client):
    report("motion", note="nothing of the kind")

    assert client.get("/api/events", params={"text": "%"}).json()["total"] == 0


@pytest.mark.parametrize(("kind", "is_open"), [("opened", True), ("closed", False)])
def test_a_contact_knows_whether_it_is_open(kind, is_open, report, zones, postgres_session):
    sensor = zones["Front door"].sensors[0]
    sensor.is_open = not is_open

    report(kind, sensor_id=sensor.id)

    stored = postgres_session.get_one(Sensor, sensor.id)
    assert (stored.is_open, stored.last_seen_at is not None) == (is_open, True)


def test_an_event_tells_who_it_was(report, client):
    ada = client.get("/api/entities").json()[0]

    event = report("person", entity_id=ada["id"])

    assert event["entity"] == "Ada"
    assert client.get("/api/entities").json()[0]["last_seen_at"] == event["at"]


@pytest.mark.parametrize(
    "body",
    [
        {"zone_id": 999_999},
        {"sensor_id": 999_999},
        {"camera_id": 999_999},
        {"entity_id": 999_999},
    ],
    ids=lambda body: next(iter(body)),
)
def test_an_event_of_something_unknown_is_refused(body, client, zones, postgres_session):
    response = client.post(
        "/api/events", json={"zone_id": zones["Hall"].id, "kind": "motion", **body}
    )

    assert response.status_code == 404
    assert postgres_session.query(Event).count() == 0


def test_a_sensor_reports_only_for_its_own_zone(client, zones):
    sensor = zones["Hall"].sensors[0]

    response = client.post(
        "/api/events",
        json={"zone_id": zones["Garden"].id, "kind": "motion", "sensor_id": sensor.id},
    )

    assert response.status_code == 404
    assert response.json()["detail"].startswith(f"no sensor {sensor.id} in zone")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "kind=ghost", "zone_id=0"])
def test_a_question_that_makes_no_sense_is_refused(query, client, home):
    assert client.get(f"/api/events?{query}").status_code == 422


def test_an_unknown_event_is_not_found(client, home):
    assert client.get("/api/events/123456").status_code == 404


def test_a_day_has_its_events_hour_by_hour(client, home, zones, postgres_session):
    day = datetime(2026, 3, 1, tzinfo=UTC)
    for hours in (-0.01, 0, 7.2, 7.9, 23.99, 24):
        at = day + timedelta(hours=hours)
        postgres_session.add(
            Event(household_id=home.id, zone_id=zones["Hall"].id, kind="motion", at=at)
        )

    answer = client.get("/api/timeline?day=2026-03-01").json()

    assert [(each["hour"], each["count"]) for each in answer["hours"]] == [(0, 1), (7, 2), (23, 1)]
    assert (answer["total"], answer["busiest_hour"]) == (4, 7)
    assert sum(answer["per_hour"]) == 4


def test_without_a_day_it_is_today(report, client):
    report("motion")

    assert client.get("/api/timeline").json()["total"] == 1


@pytest.mark.parametrize("day", ["2026-02-30", "9999-12-31", "0001-01-01", "tomorrow"])
def test_a_day_that_is_none_or_too_far_away_is_refused(day, client, home):
    assert client.get(f"/api/timeline?day={day}").status_code == 422
