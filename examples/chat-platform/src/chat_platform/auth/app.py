"""Users and their sessions, over HTTP."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from chat_platform.auth.passwords import COST, conceal, is_right
from chat_platform.auth.sessions import digest, is_over, new_token, waits_until
from chat_platform.service import Db, service_with_database
from chat_platform.settings import read


class Credentials(BaseModel):
    """What a person types."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    password: str = Field(min_length=8, max_length=200)


class Opened(BaseModel):
    """A session that has begun."""

    name: str
    token: str


class Who(BaseModel):
    """Whose session it is."""

    name: str


def create() -> FastAPI:
    """The service, as the environment says; ``PASSWORD_COST`` is for tests."""
    [database_url] = read(os.environ, "DATABASE_URL")
    return create_app(database_url, cost=int(os.environ.get("PASSWORD_COST", COST)))


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def create_app(
    database_url: str, *, now: Callable[[], datetime] = utc_now, cost: int = COST
) -> FastAPI:
    """The service on that database; ``now`` is its clock, ``cost`` that of a new password's hash."""
    app = service_with_database("auth", database_url)
    app.state.now = now
    app.state.cost = cost
    app.post("/users", status_code=201)(sign_up)
    app.post("/sessions", status_code=201)(log_in)
    app.get("/sessions/mine")(who)
    app.delete("/sessions/mine", status_code=204)(log_out)
    return app


def sign_up(wanted: Credentials, request: Request, db: Db) -> Who:
    """A new user."""
    password = conceal(wanted.password, request.app.state.cost)
    added = db.execute(
        text("INSERT INTO auth.users VALUES (:name, :password) ON CONFLICT DO NOTHING"),
        {"name": wanted.name, "password": password},
    )
    if not added.rowcount:
        raise HTTPException(409, f"{wanted.name} is taken")
    db.commit()
    return Who(name=wanted.name)


def log_in(given: Credentials, request: Request, db: Db) -> Opened:
    """A session for whoever knows the password."""
    now = request.app.state.now()
    if until := waits_until(_mistakes(db, given.name), now):
        seconds = max(1, round((until - now).total_seconds()))
        raise HTTPException(429, "too many wrong passwords", {"retry-after": str(seconds)})
    kept = db.scalar(
        text("SELECT password FROM auth.users WHERE name = :name"), {"name": given.name}
    )
    if kept is None or not is_right(given.password, kept):
        db.execute(
            text("INSERT INTO auth.mistakes (name, made_at) VALUES (:name, :now)"),
            {"name": given.name, "now": now},
        )
        db.commit()
        raise HTTPException(401, "wrong name or password")
    token = new_token()
    db.execute(
        text("INSERT INTO auth.sessions VALUES (:digest, :name, :now)"),
        {"digest": digest(token), "name": given.name, "now": now},
    )
    db.execute(text("DELETE FROM auth.mistakes WHERE name = :name"), {"name": given.name})
    db.commit()
    return Opened(name=given.name, token=token)


def who(request: Request, db: Db, authorization: Annotated[str, Header()] = "") -> Who:
    """Whose token this is."""
    found = db.execute(
        text("SELECT name, began_at FROM auth.sessions WHERE digest = :digest"),
        {"digest": digest(authorization.removeprefix("Bearer "))},
    ).one_or_none()
    if found is None or is_over(found.began_at, request.app.state.now()):
        raise HTTPException(401, "log in first")
    return Who(name=found.name)


def log_out(db: Db, authorization: Annotated[str, Header()] = "") -> Response:
    """End a session, if there is one."""
    db.execute(
        text("DELETE FROM auth.sessions WHERE digest = :digest"),
        {"digest": digest(authorization.removeprefix("Bearer "))},
    )
    db.commit()
    return Response(status_code=204)


def _mistakes(db: Session, name: str) -> list[datetime]:
    found = db.scalars(text("SELECT made_at FROM auth.mistakes WHERE name = :name"), {"name": name})
    return list(found)
