"""Rooms, members and messages, over HTTP."""

import os
from typing import Annotated

import redis
from fastapi import FastAPI, HTTPException, Path, Query, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.orm import Session

from chat_platform.chat import words
from chat_platform.chat.events import Message, Said, tell
from chat_platform.service import Db, User, service_with_database
from chat_platform.settings import read

RoomName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class Room(BaseModel):
    """A room, as its members see it."""

    name: str
    members: list[str]
    messages: int


class Text(BaseModel):
    """What somebody types."""

    text: str


def create() -> FastAPI:
    """The service, as the environment says."""
    return create_app(*read(os.environ, "DATABASE_URL", "REDIS_URL"))


def create_app(database_url: str, redis_url: str) -> FastAPI:
    """The service on that database; what is said is told over that Redis."""
    client = redis.Redis.from_url(redis_url)
    app = service_with_database("chat", database_url, client.close)
    app.state.redis = client
    app.get("/rooms")(rooms)
    app.put("/rooms/{room}")(join)
    app.get("/rooms/{room}/messages")(messages)
    app.post("/rooms/{room}/messages", status_code=201)(say)
    return app


def rooms(user: User, db: Db) -> list[Room]:
    """The rooms that somebody is in."""
    names = db.scalars(
        text("SELECT room FROM chat.members WHERE name = :name ORDER BY room"), {"name": user}
    )
    return [_room(db, name) for name in names]


def join(room: RoomName, user: User, db: Db) -> Room:
    """Go into a room; it is opened for the first one."""
    db.execute(
        text("INSERT INTO chat.rooms (name) VALUES (:room) ON CONFLICT DO NOTHING"), {"room": room}
    )
    db.execute(
        text("INSERT INTO chat.members VALUES (:room, :name) ON CONFLICT DO NOTHING"),
        {"room": room, "name": user},
    )
    db.commit()
    return _room(db, room)


def messages(
    room: RoomName,
    user: User,
    db: Db,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Message]:
    """What was said in a room after message ``after``, the oldest first."""
    _members(db, room, user)
    found = db.execute(
        text(
            "SELECT * FROM chat.messages WHERE room = :room AND number > :after "
            "ORDER BY number LIMIT :limit"
        ),
        {"room": room, "after": after, "limit": limit},
    )
    return [_message(row) for row in found]


def say(room: RoomName, said: Text, user: User, request: Request, db: Db) -> Message:
    """Say something. Messages of a room are numbered without a gap: one after the other gets in."""
    members = _members(db, room, user)
    try:
        kept = words.clean(said.text)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    number = db.scalar(
        text(
            "UPDATE chat.rooms SET last_number = last_number + 1 WHERE name = :room "
            "RETURNING last_number"
        ),
        {"room": room},
    )
    row = db.execute(
        text(
            "INSERT INTO chat.messages (room, number, author, text, mentions) "
            "VALUES (:room, :number, :author, :text, :mentions) RETURNING *"
        ),
        {
            "room": room,
            "number": number,
            "author": user,
            "text": kept,
            "mentions": words.mentions(kept, members),
        },
    ).one()
    db.commit()
    message = _message(row)
    tell(request.app.state.redis, Said(message=message, members=members))
    return message


def _members(db: Session, room: str, user: str) -> list[str]:
    """Who is in a room. Raises: HTTPException if there is none, or if this one is not in it."""
    if db.scalar(text("SELECT true FROM chat.rooms WHERE name = :room"), {"room": room}) is None:
        raise HTTPException(404, f"there is no room {room}")
    members = _room(db, room).members
    if user not in members:
        raise HTTPException(403, f"{user} is not in {room}")
    return members


def _room(db: Session, room: str) -> Room:
    members = db.scalars(
        text("SELECT name FROM chat.members WHERE room = :room ORDER BY name"), {"room": room}
    )
    count = db.scalar(text("SELECT last_number FROM chat.rooms WHERE name = :room"), {"room": room})
    return Room(name=room, members=list(members), messages=count or 0)


def _message(row) -> Message:
    return Message(
        room=row.room,
        number=row.number,
        author=row.author,
        text=row.text,
        mentions=row.mentions,
        said_at=row.said_at.isoformat(),
    )
