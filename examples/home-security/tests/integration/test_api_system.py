"""How the parts are doing."""

import pytest
from fastapi.testclient import TestClient

from home_security.app import create_app
from home_security.settings import Settings

pytestmark = pytest.mark.integration


def test_with_both_backends_it_is_healthy(client):
    response = client.get("/health")

    assert (response.status_code, response.json()) == (200, {"database": True, "redis": True})


def test_what_needs_somebody_is_named(client, home):
    system = client.get("/api/system").json()

    assert system["health"] == "degraded"
    assert system["concerns"] == ["Hall motion sensor has 12 % battery", "Garage camera is offline"]


def test_with_all_devices_charged_and_online_all_is_good(client, zones):
    zones["Hall"].sensors[0].battery_percent = 80
    zones["Garden"].cameras[1].is_online = True

    system = client.get("/api/system").json()

    assert (system["health"], system["concerns"]) == ("good", [])


def test_every_sensor_and_camera_is_listed_with_its_zone(client, home):
    system = client.get("/api/system").json()

    assert [each["zone"] for each in system["cameras"]] == ["Front door", "Garden", "Garden"]
    assert len(system["sensors"]) == 6


def test_the_backends_are_timed(client, home):
    system = client.get("/api/system").json()

    assert system["database_ms"] >= 0
    assert system["redis_ms"] >= 0


@pytest.fixture
def nowhere():
    """The address of a port that was just given back: nobody listens there."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def test_without_redis_it_is_unwell_and_says_so(postgres, nowhere):
    app = create_app(Settings(database_url=postgres.sync_url, redis_url=f"redis://{nowhere}"))

    with TestClient(app) as client:
        response = client.get("/health")

    assert (response.status_code, response.json()) == (503, {"database": True, "redis": False})


def test_without_a_database_it_is_unwell_and_says_so(redis, nowhere):
    url = f"postgresql+psycopg://postgres@{nowhere}/home"
    app = create_app(Settings(database_url=url, redis_url=redis.url))

    with TestClient(app) as client:
        response = client.get("/health")

    assert (response.status_code, response.json()) == (503, {"database": False, "redis": True})
