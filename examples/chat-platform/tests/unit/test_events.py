"""Who hears of a message."""

import pytest

from chat_platform.chat.events import Message, Said, encode, heard_by

MESSAGE = Message(
    room="kitchen",
    number=1,
    author="ann",
    text="soup is ready",
    mentions=[],
    said_at="2026-03-01T12:00:00+00:00",
)
SAID = encode(Said(message=MESSAGE, members=["ann", "bob"]))


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_members_hear_it(name):
    assert heard_by(SAID, name) == MESSAGE


def test_nobody_else_does():
    assert heard_by(SAID.encode(), "carol") is None


@pytest.mark.parametrize("payload", ["", "{}", '{"message": 1, "members": []}', b"\xff"])
def test_what_is_no_event_is_an_error(payload):
    with pytest.raises(ValueError):  # noqa: PT011 - of json, of pydantic, of the decoder
        heard_by(payload, "ann")
