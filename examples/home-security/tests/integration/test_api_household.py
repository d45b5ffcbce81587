"""Arming and settings."""

import pytest

from home_security.seed import PIN

pytestmark = pytest.mark.integration


@pytest.fixture
def arm(client, home):
    return lambda command, pin=None: client.post(
        "/api/arming", json={"command": command, "pin": pin}
    )


def mode(client):
    return client.get("/api/overview").json()["mode"]


def test_anybody_may_arm(arm, client):
    assert arm("arm_away").json() == {"mode": "away"}
    assert mode(client) == "away"


def test_with_the_pin_it_is_disarmed(arm, client):
    arm("arm_home")

    assert arm("disarm", PIN).json() == {"mode": "disarmed"}
    assert mode(client) == "disarmed"


@pytest.mark.parametrize("pin", [None, "0000"])
def test_without_the_right_pin_it_stays_armed(pin, arm, client):
    arm("arm_away")

    response = arm("disarm", pin)

    assert (response.status_code, response.json()["detail"]) == (403, "the PIN is wrong")
    assert mode(client) == "away"


def test_a_pin_that_cannot_be_one_is_refused_before_it_is_tried(arm):
    assert arm("disarm", "abc").status_code == 422


def test_what_was_sent_is_not_sent_back(arm):
    assert "12ab" not in arm("disarm", "12ab").text


def test_it_cannot_be_armed_with_a_window_open(arm, zones, client):
    zones["Kitchen"].sensors[0].is_open = True

    response = arm("arm_away")

    assert (response.status_code, response.json()["detail"]) == (409, "still open: Kitchen window")
    assert mode(client) == "disarmed"


def test_a_refusal_is_in_the_audit_and_a_change_says_who(arm, client):
    arm("arm_home")
    arm("disarm", "0000")
    arm("disarm", PIN)

    entries = client.get("/api/audit?action=arming").json()

    assert [(each["actor"], each["action"]) for each in entries] == [
        ("Ada", "arming.changed"),
        ("panel", "arming.refused"),
        ("panel", "arming.changed"),
    ]
    assert entries[1]["details"] == {"code": "pin"}


def test_no_pin_is_ever_written_down(arm, client):
    arm("arm_home")
    arm("disarm", PIN)

    assert PIN not in client.get("/api/audit").text


SETTINGS = {
    "name": "Lighthouse", "notify_email": None, "retention_days": 7, "exit_delay_s": 0,
    "quiet_from": "23:00:00", "quiet_until": "05:30:00",
}  # fmt: skip


def test_settings_are_saved_all_at_once(client, home):
    assert client.put("/api/settings", json=SETTINGS).json() == SETTINGS
    assert client.get("/api/settings").json() == SETTINGS


def test_the_audit_says_which_ones_changed(client, home):
    current = client.get("/api/settings").json()

    client.put("/api/settings", json={**current, "retention_days": 90, "name": "New"})

    [entry] = client.get("/api/audit").json()
    assert (entry["action"], entry["target"]) == ("settings.change", "name, retention_days")


def test_saving_what_is_there_already_is_not_worth_a_line(client, home):
    client.put("/api/settings", json=client.get("/api/settings").json())

    assert client.get("/api/audit").json() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"retention_days": 0}, {"retention_days": 366}, {"exit_delay_s": 301}, {"name": " "},
        {"notify_email": "nobody"}, {"quiet_until": None}, {"quiet_from": "25:00"}, {"colour": "red"},
    ],
    ids=lambda wrong: "=".join(map(str, *wrong.items())),
)  # fmt: skip
def test_wrong_settings_change_nothing(wrong, client, home):
    before = client.get("/api/settings").json()

    response = client.put("/api/settings", json={**SETTINGS, **wrong})

    assert response.status_code == 422
    assert client.get("/api/settings").json() == before
