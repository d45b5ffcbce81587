"""What happens is told at once, in order, to whoever listens."""

import json

import pytest

from home_security.live import CHANNEL, Message, Publisher

pytestmark = pytest.mark.integration


@pytest.fixture
def listener(client):
    """Somebody who listens already."""
    with client.websocket_connect("/live") as socket:
        assert socket.receive_json() == {"type": "hello", "data": {}}
        yield socket


def test_an_event_is_told(listener, report):
    event = report("motion", zone="Hall")

    assert listener.receive_json() == {"type": "event", "data": event}


def test_an_alert_follows_the_event_that_set_it_off(listener, report, client):
    report("smoke", zone="Kitchen")

    told = [listener.receive_json(), listener.receive_json()]

    assert [each["type"] for each in told] == ["event", "alert"]
    assert told[1]["data"] == client.get("/api/alerts").json()[0]


def test_a_change_of_mode_is_told(listener, home, client):
    client.post("/api/arming", json={"command": "arm_home"})

    assert listener.receive_json() == {"type": "mode", "data": {"mode": "home"}}


def test_an_answered_alert_is_told(report, client, home):
    report("smoke", zone="Kitchen")
    [alert] = client.get("/api/alerts").json()

    with client.websocket_connect("/live") as socket:
        assert socket.receive_json()["type"] == "hello"
        client.post(f"/api/alerts/{alert['id']}/resolve")

        assert socket.receive_json()["data"]["status"] == "resolved"


def test_everybody_hears_the_same(listener, client, report):
    with client.websocket_connect("/live") as second:
        assert second.receive_json()["type"] == "hello"
        event = report("motion")

        assert listener.receive_json() == second.receive_json() == {"type": "event", "data": event}


def test_nothing_is_told_that_did_not_happen(listener, client, home, report):
    client.post("/api/events", json={"zone_id": 999_999, "kind": "motion"})
    client.post("/api/arming", json={"command": "disarm"})
    event = report("motion")

    assert listener.receive_json()["data"]["id"] == event["id"]


def test_messages_come_in_the_order_in_which_they_were_told(listener, redis):
    messages = [Message(type="event", data={"number": number}) for number in range(50)]

    Publisher(redis).tell(*messages)

    assert [listener.receive_json()["data"]["number"] for _ in range(50)] == list(range(50))


def test_whoever_left_is_not_listening_any_more(client, redis):
    with client.websocket_connect("/live") as socket:
        socket.receive_json()
        assert Publisher(redis).listeners() == 1

    assert Publisher(redis).listeners() == 0


def test_what_one_process_tells_another_one_hears(redis):
    with redis.pubsub(ignore_subscribe_messages=True) as other:
        other.subscribe(CHANNEL)
        other.get_message(timeout=5)
        Publisher(redis).tell(Message(type="mode", data={"mode": "away"}))

        heard = other.get_message(timeout=5)

    assert json.loads(heard["data"]) == {"type": "mode", "data": {"mode": "away"}}
