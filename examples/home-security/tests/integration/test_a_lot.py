"""A year of history, hundreds of events at once: too slow for every day, so a tier of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from home_security.models import Household
from home_security.seed import seed_home
from home_security.vocabulary import Mode

pytestmark = [pytest.mark.slow, pytest.mark.isolation("truncate")]

YEAR = """
    INSERT INTO event (household_id, zone_id, kind, confidence, at, note, details)
    SELECT :home, :zone, 'motion', 1, now() - number * interval '5 minutes', 'n' || number, '{}'
    FROM generate_series(0, 105119) AS number
"""


@pytest.fixture
def engine(postgres):
    engine = create_engine(postgres.sync_url)
    yield engine
    engine.dispose()


@pytest.fixture
def home(engine) -> Household:
    """A home that is armed, in the database for good."""
    with Session(engine, expire_on_commit=False) as session:
        home = seed_home(session)
        home.mode, home.quiet_from, home.quiet_until = Mode.AWAY, None, None
        _ = home.zones[0].sensors
        session.commit()
    return home


@pytest.fixture
def real(app, home):
    """A client of the app that commits."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def a_year(home, engine):
    """An event every five minutes for a year: 105,120 of them."""
    with engine.begin() as connection:
        connection.execute(text(YEAR), {"home": home.id, "zone": home.zones[0].id})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE event"))


def test_a_year_of_events_is_counted_and_paged(a_year, real):
    last = real.get("/api/events?offset=105100").json()

    assert last["total"] == 105_120
    assert [each["note"] for each in last["items"]] == [
        f"n{number}" for number in range(105_100, 105_120)
    ]


def test_the_dashboard_looks_at_a_day_not_at_the_year(a_year, real, engine):
    overview = real.get("/api/overview").json()
    assert 276 <= sum(overview["per_hour"]) <= 288  # 12 an hour, for 23 to 24 hours

    with engine.connect() as connection:
        plan = connection.scalars(
            text(
                "EXPLAIN SELECT at FROM event WHERE household_id = 1 AND at >= now() - interval '1 day'"
            )
        ).all()
    assert "ix_event_household_id_at" in "\n".join(plan)


@pytest.mark.serial
def test_hundreds_of_events_at_once_are_all_told_and_one_alert(real, home):
    body = {"zone_id": home.zones[0].id, "kind": "person"}
    heard, is_complete = [], threading.Event()

    def listen(socket):
        while len(heard) < 400:
            told = socket.receive_json()
            heard.extend([told["data"]["id"]] if told["type"] == "event" else [])
        is_complete.set()

    with real.websocket_connect("/live") as socket, ThreadPoolExecutor(9) as pool:
        assert socket.receive_json()["type"] == "hello"
        listening = pool.submit(listen, socket)
        answers = list(pool.map(lambda _: real.post("/api/events", json=body), range(400)))
        is_complete.wait(20)
        listening.result(0)

    assert {each.status_code for each in answers} == {201}
    assert sorted(heard) == sorted(each.json()["id"] for each in answers)
    assert [alert["count"] for alert in real.get("/api/alerts").json()] == [400]
