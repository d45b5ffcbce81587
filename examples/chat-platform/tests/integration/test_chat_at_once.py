"""What only real commits and several connections show."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from chat_platform.chat.app import create_app
from chat_platform.chat.events import CHANNEL

pytestmark = [pytest.mark.integration, pytest.mark.isolation("clone")]


@pytest.fixture
def kitchen(postgres, redis):
    """Ann, who is in the kitchen."""
    app = create_app(postgres.url, redis.url)
    with TestClient(app, headers={"x-user": "ann"}) as client:
        client.put("/rooms/kitchen")
        yield client


def test_eight_who_speak_at_once_are_numbered_without_a_gap(kitchen):
    def say(number):
        return kitchen.post("/rooms/kitchen/messages", json={"text": f"{number}"}).json()["number"]

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(say, range(24)))

    assert sorted(numbers) == list(range(1, 25))


def test_eight_who_open_a_room_at_once_open_one(kitchen):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: kitchen.put("/rooms/attic"), range(8)))

    assert {each.status_code for each in answers} == {200}
    assert [each["name"] for each in kitchen.get("/rooms").json()] == ["attic", "kitchen"]


def test_nothing_is_told_that_was_not_said(kitchen, redis):
    with redis.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=5)
        kitchen.post("/rooms/kitchen/messages", json={"text": ""})
        kitchen.post("/rooms/cellar/messages", json={"text": "hello"})
        kitchen.post("/rooms/kitchen/messages", json={"text": "soup"})

        assert '"soup"' in listener.get_message(timeout=5)["data"]
