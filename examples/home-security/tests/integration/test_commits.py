"""With real commits and several connections: what a savepoint cannot show."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from home_security.seed import seed_home
from home_security.vocabulary import Mode

pytestmark = [pytest.mark.integration, pytest.mark.isolation("truncate")]


@pytest.fixture
def zone_id(postgres):
    """A home that is armed, in the database for good; the zone that something happens in."""
    engine = create_engine(postgres.sync_url)
    with Session(engine) as session, session.begin():
        home = seed_home(session)
        home.mode, home.quiet_from, home.quiet_until = Mode.AWAY, None, None
        yield_id = home.zones[0].id
    yield yield_id
    engine.dispose()


@pytest.fixture
def real(app, zone_id):
    """A client of the app that commits."""
    with TestClient(app) as client:
        yield client


def test_what_was_answered_is_in_the_database(real, zone_id, postgres):
    event = real.post("/api/events", json={"zone_id": zone_id, "kind": "motion"}).json()

    with postgres.connect() as connection:
        assert connection.execute("SELECT id FROM event").fetchall() == [(event["id"],)]


def test_events_that_come_together_open_one_alert(real, zone_id):
    body = {"zone_id": zone_id, "kind": "person"}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: real.post("/api/events", json=body), range(8)))

    assert [each.status_code for each in answers] == [201] * 8
    [alert] = real.get("/api/alerts").json()
    assert alert["count"] == 8


def test_of_two_people_who_resolve_an_alert_one_is_told_so(real, zone_id):
    real.post("/api/events", json={"zone_id": zone_id, "kind": "person"})
    [alert] = real.get("/api/alerts").json()

    with ThreadPoolExecutor(2) as pool:
        path = f"/api/alerts/{alert['id']}/resolve"
        codes = sorted(each.status_code for each in pool.map(real.post, [path, path]))

    assert codes == [200, 409]
    assert len(real.get("/api/audit?action=alert").json()) == 1


def test_of_two_people_of_one_name_one_is_known(real):
    body = {"name": "Twin", "kind": "person"}

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(
            each.status_code
            for each in pool.map(lambda _: real.post("/api/entities", json=body), range(2))
        )

    assert codes == [201, 409]


@pytest.mark.parametrize("time", ["first", "second"])
def test_whatever_was_committed_before_nothing_is_left(time, postgres, request):
    with postgres.connect() as connection:
        assert connection.execute("SELECT count(*) FROM household").fetchone() == (0,)
    request.getfixturevalue("zone_id")
