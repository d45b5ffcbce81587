"""Answers, over HTTP. What is new in a room is learnt when somebody asks: nothing is ever behind."""

import os
from collections.abc import Callable
from typing import Annotated

import httpx2
from fastapi import FastAPI, HTTPException, Path, Query, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.orm import Session

from chat_platform.knowledge.ranking import Passage, is_question, rank, words
from chat_platform.service import Db, User, service_with_database
from chat_platform.settings import read

PAGE = 200


class Source(BaseModel):
    """A message that answers."""

    number: int
    author: str
    text: str


class Answer(BaseModel):
    """The best source first; none if nobody has said anything about it."""

    question: str
    sources: list[Source]


def create() -> FastAPI:
    """The service, as the environment says."""
    return create_app(*read(os.environ, "DATABASE_URL", "CHAT_URL"))


def create_app(database_url: str, chat_url: str) -> FastAPI:
    """The service on that database; it learns from the chat at that address."""
    chat = httpx2.Client(base_url=chat_url, timeout=10)
    app = service_with_database("knowledge", database_url, chat.close)
    app.state.chat = chat
    app.get("/rooms/{room}/answer")(answer)
    return app


def answer(
    room: Annotated[str, Path()],
    question: Annotated[str, Query(min_length=2, max_length=500)],
    user: User,
    request: Request,
    db: Db,
) -> Answer:
    """What members of a room have said about it; only its members may ask."""
    chat: httpx2.Client = request.app.state.chat

    def page(after: int) -> list[dict]:
        response = chat.get(
            f"/rooms/{room}/messages",
            params={"after": after, "limit": PAGE},
            headers={"x-user": user},
        )
        if response.is_error:
            raise HTTPException(response.status_code, response.json()["detail"])
        return response.json()

    learn(db, room, page)
    found = rank(question, _about(db, room, question))
    sources = [Source(number=each.number, author=each.author, text=each.text) for each in found]
    return Answer(question=question, sources=sources[:3])


def learn(db: Session, room: str, page: Callable[[int], list[dict]]) -> None:
    """Take in what was said since the last time. Two at once learn the same, once."""
    last = db.scalar(
        text("SELECT max(number) FROM knowledge.passages WHERE room = :room"), {"room": room}
    )
    last = last or 0
    while messages := page(last):
        db.execute(
            text(
                "INSERT INTO knowledge.passages "
                "VALUES (:room, :number, :author, :text, :words) ON CONFLICT DO NOTHING"
            ),
            [_row(each) for each in messages],
        )
        last = messages[-1]["number"]
    db.commit()


def _row(message: dict) -> dict:
    """A question is kept too, so that it is not fetched again, but it answers nothing."""
    said = message["text"]
    known = [] if is_question(said) else list(words(said))
    return {key: message[key] for key in ("room", "number", "author", "text")} | {"words": known}


def _about(db: Session, room: str, question: str) -> list[Passage]:
    """The passages that share a word with the question."""
    found = db.execute(
        text(
            "SELECT number, author, text, words FROM knowledge.passages "
            "WHERE room = :room AND words && CAST(:asked AS text[])"
        ),
        {"room": room, "asked": list(words(question))},
    )
    return [Passage(row.number, row.author, row.text, tuple(row.words)) for row in found]
