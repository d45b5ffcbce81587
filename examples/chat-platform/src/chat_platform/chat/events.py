"""What others are told: one event for each message, on one Redis channel."""

import json

import redis
from pydantic import BaseModel, ConfigDict

CHANNEL = "chat.said"


class Message(BaseModel):
    """What somebody said."""

    model_config = ConfigDict(frozen=True)

    room: str
    number: int
    author: str
    text: str
    mentions: list[str]
    said_at: str


class Said(BaseModel):
    """A message, and who may hear of it."""

    model_config = ConfigDict(frozen=True)

    message: Message
    members: list[str]


def encode(said: Said) -> str:
    """As it travels."""
    return said.model_dump_json()


def heard_by(payload: bytes | str, name: str) -> Message | None:
    """The message in an event, if it is for them. Raises: ValueError if it is no event."""
    said = Said.model_validate(json.loads(payload))
    return said.message if name in said.members else None


def tell(client: redis.Redis, said: Said) -> None:
    """Tell whoever listens, in whichever process."""
    client.publish(CHANNEL, encode(said))
