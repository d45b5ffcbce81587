"""Each service on a database of its own kind: see ``level``."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from chat_platform.auth.app import create_app as create_auth
from chat_platform.chat.app import create_app as create_chat
from chat_platform.service import get_session

LEVELS = ("savepoint", "clone", "truncate", "server")
CHEAP = 16  # a hash as in production takes a tenth of a second


@pytest.fixture(
    params=[pytest.param(each, marks=pytest.mark.isolation(each)) for each in LEVELS],
)
def level(request):
    """How a test is kept from the others: what asks for this runs once with each."""
    return request.param


@pytest.fixture
def isolated(level, request):
    """Make an app use the test's session, where there is one. Elsewhere it commits."""

    def isolated(app):
        if level == "savepoint":
            session = request.getfixturevalue("postgres_session")
            app.dependency_overrides[get_session] = lambda: session
        return app

    return isolated


class Clock:
    """A time that passes when it is told to."""

    def __init__(self):
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self):
        return self.time

    def wait(self, **span):
        self.time += timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def auth(isolated, postgres, clock):
    """A client of auth."""
    with TestClient(isolated(create_auth(postgres.url, now=clock, cost=CHEAP))) as client:
        yield client


@pytest.fixture
def chat(isolated, postgres, redis):
    """A client of chat."""
    with TestClient(isolated(create_chat(postgres.url, redis.url))) as client:
        yield client
