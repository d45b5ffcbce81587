"""The app, put together."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import redis
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from home_security import live, web
from home_security.api import alerts, audit, entities, events, household, overview, rules, system
from home_security.settings import Settings

ROUTERS = (overview, events, alerts, entities, rules, audit, household, system, live)

SAFE_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The whole app. Without settings they are read from the environment.

    Opens no connection: the first request does.
    """
    settings = settings or Settings.of(os.environ)
    engine = create_engine(settings.database_url, pool_size=5, pool_pre_ping=True)
    client = redis.Redis.from_url(settings.redis_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        client.close()
        engine.dispose()

    app = FastAPI(title="Home security", version=system.VERSION, lifespan=lifespan)
    app.state.settings = settings
    app.state.sessions = sessionmaker(engine)
    app.state.publisher = live.Publisher(client)
    for module in ROUTERS:
        app.include_router(module.router)
    web.install(app)
    app.middleware("http")(_add_safe_headers)
    app.add_exception_handler(RequestValidationError, _say_what_is_wrong)
    return app


async def _say_what_is_wrong(_: Request, error: RequestValidationError) -> Response:
    """Where and what, in ASCII; what was sent is not sent back: it may be a PIN, or no text at all."""
    detail = [{key: each[key] for key in ("loc", "msg", "type")} for each in error.errors()]
    body = json.dumps({"detail": detail})
    return Response(body, status_code=422, media_type="application/json")


async def _add_safe_headers(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await answer(request)
    if not request.url.path.startswith(("/docs", "/redoc")):  # these load scripts from elsewhere
        response.headers.update(SAFE_HEADERS)
    return response
