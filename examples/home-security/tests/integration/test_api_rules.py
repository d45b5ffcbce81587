"""Rules decide from the next event on."""

import pytest

pytestmark = pytest.mark.integration

RULE = {
    "name": "Vehicle in the garden", "event_kind": "vehicle", "modes": ["disarmed"], "severity": "info",
}  # fmt: skip


def test_zones_are_listed_in_their_order(client, home):
    names = [each["name"] for each in client.get("/api/zones").json()]

    assert names == ["Front door", "Kitchen", "Hall", "Garden"]


def test_a_new_rule_counts_from_the_next_event_on(client, report):
    report("vehicle", zone="Garden")
    assert client.post("/api/rules", json=RULE).status_code == 201
    assert client.get("/api/alerts").json() == []

    report("vehicle", zone="Garden")

    assert [each["title"] for each in client.get("/api/alerts").json()] == [RULE["name"]]


def test_a_rule_that_is_off_does_not_count(client, report):
    smoke = next(each for each in client.get("/api/rules").json() if each["name"] == "Smoke")
    switched = client.patch(f"/api/rules/{smoke['id']}", json={"is_enabled": False}).json()

    report("smoke", zone="Kitchen")

    assert switched["is_enabled"] is False
    assert client.get("/api/alerts").json() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"modes": []},
        {"severity": "awful"},
        {"minimum_confidence": 2},
        {"window_s": -1},
        {"name": ""},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_rule_that_makes_no_sense_is_refused(wrong, client, home):
    before = client.get("/api/rules").json()

    assert client.post("/api/rules", json={**RULE, **wrong}).status_code == 422
    assert client.get("/api/rules").json() == before


def test_an_unknown_rule_cannot_be_switched(client, home):
    assert client.patch("/api/rules/999999", json={"is_enabled": True}).status_code == 404
