"""What every service is: a health check, and, where it keeps something, a session for a request."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from chat_platform.settings import with_psycopg


def service(title: str, *closing: Callable[[], object]) -> FastAPI:
    """An app that answers to ``/health``; ``closing`` is called when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        for close in closing:
            if isawaitable(closed := close()):
                await closed

    app = FastAPI(title=title, lifespan=lifespan)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"service": title}

    return app


def service_with_database(title: str, database_url: str, *closing: Callable[[], object]) -> FastAPI:
    """One that has sessions with a database too. Opens no connection: the first request does."""
    engine = create_engine(with_psycopg(database_url), pool_size=5)
    app = service(title, engine.dispose, *closing)
    app.state.sessions = sessionmaker(engine)
    return app


def get_session(request: Request) -> Iterator[Session]:
    """One session for a request; what is not committed is rolled back."""
    sessions: sessionmaker[Session] = request.app.state.sessions
    with sessions() as session:
        yield session


def get_user(x_user: Annotated[str, Header()] = "") -> str:
    """Who asks. The gateway has made sure of it; nobody else reaches a service behind it."""
    if not x_user:
        raise HTTPException(401, "who are you?")
    return x_user


Db = Annotated[Session, Depends(get_session)]
User = Annotated[str, Depends(get_user)]
