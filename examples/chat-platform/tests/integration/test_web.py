"""The pages, in front of a real gateway."""

import pytest
from fastapi.testclient import TestClient

from chat_platform.web.app import create_app

pytestmark = [pytest.mark.integration, pytest.mark.isolation("truncate")]

ANN = {"name": "ann", "password": "correct horse"}


@pytest.fixture
def web(postgres, services):
    """A browser without scripts."""
    with TestClient(create_app(services.gateway.url)) as client:
        yield client


@pytest.fixture
def ann(web):
    """Ann's browser; she is in the kitchen."""
    assert web.post("/login", data=ANN | {"new": "yes"}).status_code == 200
    assert web.post("/rooms", data={"room": "kitchen"}).status_code == 200
    return web


def test_whoever_is_not_logged_in_sees_where_to(web):
    assert "Log in" in web.get("/").text


def test_the_rooms_somebody_is_in(ann):
    assert "#kitchen" in ann.get("/").text


def test_the_cookie_is_not_for_scripts(web):
    given = web.post("/login", data=ANN | {"new": "yes"}, follow_redirects=False)

    assert given.headers["location"] == "/"
    assert "HttpOnly" in given.headers["set-cookie"]
    assert "SameSite=strict" in given.headers["set-cookie"]


def test_a_wrong_password_is_said_to_be_one(ann):
    refused = ann.post("/login", data=ANN | {"password": "wrong horse"})

    assert refused.status_code == 401
    assert "wrong name or password" in refused.text


def test_what_is_said_is_shown(ann):
    page = ann.post("/rooms/kitchen", data={"text": "soup for @ann"})

    assert "soup for <b>@ann</b>" in page.text


def test_what_is_said_is_never_a_tag(ann):
    page = ann.post("/rooms/kitchen", data={"text": "<script>alert(1)</script>"})

    assert "&lt;script&gt;alert(1)" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_a_question_is_answered_above_the_messages(ann):
    ann.post("/rooms/kitchen", data={"text": "soup is at noon"})

    page = ann.get("/rooms/kitchen", params={"question": "when is soup?"}).text

    assert '<a href="#m1">ann</a>: soup is at noon' in page


def test_nobody_has_said_anything_about_that(ann):
    page = ann.get("/rooms/kitchen", params={"question": "holidays?"}).text

    assert "Nobody has said anything about that." in page


@pytest.mark.parametrize(
    ("room", "status"), [("cellar", 404), ("Not a room", 422)], ids=["unknown", "nonsense"]
)
def test_there_is_no_such_room(ann, room, status):
    page = ann.post(f"/rooms/{room}", data={"text": "hello"})

    assert page.status_code == status
    assert 'role="alert"' in page.text


def test_whoever_logs_out_is_out(ann):
    assert "Log in" in ann.post("/logout").text
