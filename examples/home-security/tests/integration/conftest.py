"""The app on top of the module's database and Redis; what a test writes is rolled back."""

from functools import lru_cache

import pytest
from fastapi.testclient import TestClient

from home_security.app import create_app
from home_security.database import get_session
from home_security.seed import seed_home
from home_security.settings import Settings


@lru_cache(maxsize=1)
def deployed(database_url, redis_url):
    """One app for a module: its routes are built once."""
    return create_app(Settings(database_url=database_url, redis_url=redis_url))


@pytest.fixture
def app(postgres, redis):
    """The app as it is deployed: its own sessions, real commits."""
    app = deployed(postgres.sync_url, redis.url)
    yield app
    app.dependency_overrides.clear()


@pytest.fixture
def client(app, postgres_session):
    """A client of the app; app and test share one session, which is rolled back."""
    app.dependency_overrides[get_session] = lambda: postgres_session
    with TestClient(app) as client:
        yield client


@pytest.fixture
def home(postgres_session):
    """A household with zones, sensors, entities and rules, and no history."""
    return seed_home(postgres_session)


@pytest.fixture
def zones(home):
    """Its zones by name."""
    return {zone.name: zone for zone in home.zones}


@pytest.fixture
def report(client, zones):
    """Report an event as a sensor does."""

    def report(kind, zone="Front door", status=201, **more):
        response = client.post(
            "/api/events", json={"zone_id": zones[zone].id, "kind": kind, **more}
        )
        assert response.status_code == status, response.text
        return response.json()

    return report
