"""Rooms, and what is said in them. Every test once at each level of isolation."""

import pytest

from chat_platform.chat.events import CHANNEL, heard_by

pytestmark = pytest.mark.integration


@pytest.fixture
def as_user(chat):
    """Ask as somebody."""

    def as_user(name, method, path, **more):
        return chat.request(method, path, headers={"x-user": name}, **more)

    return as_user


@pytest.fixture
def kitchen(as_user):
    """A room with two in it."""
    for name in ("ann", "bob"):
        as_user(name, "PUT", "/rooms/kitchen")


@pytest.fixture
def say(as_user, kitchen):
    """Say something in the kitchen."""

    def say(name, text):
        return as_user(name, "POST", "/rooms/kitchen/messages", json={"text": text})

    return say


def test_the_first_one_opens_a_room(as_user):
    response = as_user("ann", "PUT", "/rooms/kitchen")

    assert response.json() == {"name": "kitchen", "members": ["ann"], "messages": 0}


def test_to_go_in_twice_is_to_be_in(as_user, kitchen):
    assert as_user("ann", "PUT", "/rooms/kitchen").json()["members"] == ["ann", "bob"]


def test_somebody_sees_the_rooms_they_are_in(as_user, kitchen):
    as_user("bob", "PUT", "/rooms/attic")

    names = {
        name: [room["name"] for room in as_user(name, "GET", "/rooms").json()]
        for name in ("ann", "bob", "carol")
    }

    assert names == {"ann": ["kitchen"], "bob": ["attic", "kitchen"], "carol": []}


def test_messages_are_numbered_and_kept_in_order(say, as_user):
    for name, text in [("ann", "soup?"), ("bob", "soup!"), ("ann", "good")]:
        assert say(name, text).status_code == 201

    found = as_user("bob", "GET", "/rooms/kitchen/messages").json()
    assert [(each["number"], each["author"], each["text"]) for each in found] == [
        (1, "ann", "soup?"),
        (2, "bob", "soup!"),
        (3, "ann", "good"),
    ]


def test_what_is_new_is_what_came_after(say, as_user):
    for number in range(1, 6):
        say("ann", f"message {number}")

    page = {"after": 2, "limit": 2}
    found = as_user("ann", "GET", "/rooms/kitchen/messages", params=page).json()
    assert [each["number"] for each in found] == [3, 4]


def test_whoever_is_not_in_a_room_neither_reads_nor_says(say, as_user):
    reads = as_user("carol", "GET", "/rooms/kitchen/messages")
    says = say("carol", "hello")

    assert reads.status_code == says.status_code == 403
    assert reads.json()["detail"] == "carol is not in kitchen"


def test_there_is_no_such_room(as_user):
    assert as_user("ann", "GET", "/rooms/cellar/messages").status_code == 404


def test_nothing_is_not_said(say, as_user):
    response = say("ann", " \n ")

    assert (response.status_code, response.json()["detail"]) == (422, "say something")
    assert as_user("ann", "GET", "/rooms").json()[0]["messages"] == 0


def test_who_is_meant_is_kept(say):
    assert say("ann", "@bob, ask @carol").json()["mentions"] == ["bob"]


def test_without_a_name_nothing_is_answered(chat):
    assert chat.get("/rooms").status_code == 401


def test_what_is_said_is_told_to_the_members_only(say, redis):
    with redis.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=5)
        said = say("ann", "soup is ready").json()

        event = listener.get_message(timeout=5)["data"]

    assert heard_by(event, "bob").model_dump() == said
    assert heard_by(event, "carol") is None
