"""The one door, in front of the real services behind it."""

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from chat_platform.gateway.app import Addresses, create_app
from chat_platform.gateway.live import UNKNOWN

pytestmark = [pytest.mark.integration, pytest.mark.isolation("truncate")]

ANN = {"name": "ann", "password": "correct horse"}


@pytest.fixture
def addresses(postgres, services):
    return Addresses(
        auth=services.auth.url,
        chat=services.chat.url,
        knowledge=services.knowledge.url,
        redis=services.redis.url,
    )


@pytest.fixture
def gateway(addresses):
    with TestClient(create_app(addresses)) as client:
        yield client


@pytest.fixture
def token(gateway):
    """Ann's."""
    gateway.post("/users", json=ANN)
    return gateway.post("/sessions", json=ANN).json()["token"]


@pytest.fixture
def ann(gateway, token):
    """The gateway, for Ann, who is in the kitchen."""
    gateway.headers["authorization"] = f"Bearer {token}"
    assert gateway.put("/rooms/kitchen").status_code == 200
    return gateway


def test_what_auth_refuses_is_refused_in_its_words(gateway, token):
    again = gateway.post("/users", json=ANN)

    assert (again.status_code, again.json()["detail"]) == (409, "ann is taken")


def test_how_long_to_wait_is_passed_on(gateway, token):
    for _ in range(5):
        gateway.post("/sessions", json=ANN | {"password": "wrong horse"})

    assert 1 <= int(gateway.post("/sessions", json=ANN).headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    "path", ["/rooms", "/rooms/kitchen/messages", "/rooms/kitchen/answer?question=soup"]
)
def test_without_a_token_nothing_is_passed_on(gateway, path):
    assert gateway.get(path).status_code == 401


def test_nobody_can_say_that_they_are_somebody_else(ann):
    said = ann.post(
        "/rooms/kitchen/messages", json={"text": "I am the king"}, headers={"x-user": "king"}
    )

    assert said.json()["author"] == "ann"


def test_questions_go_to_the_knowledge_base(ann):
    ann.post("/rooms/kitchen/messages", json={"text": "soup is at noon"})

    answer = ann.get("/rooms/kitchen/answer", params={"question": "When is soup?"}).json()

    assert answer["sources"] == [{"number": 1, "author": "ann", "text": "soup is at noon"}]


def test_whoever_logs_out_is_out(ann):
    assert ann.delete("/sessions/mine").status_code == 204
    assert ann.get("/rooms").status_code == 401


def test_a_listener_hears_what_is_said(ann, token):
    with ann.websocket_connect("/live") as socket:
        socket.send_text(token)
        assert socket.receive_json() == {"type": "hello", "name": "ann"}

        said = ann.post("/rooms/kitchen/messages", json={"text": "soup"}).json()

        assert socket.receive_json() == {"type": "message", "message": said}


def test_a_listener_without_a_token_is_sent_away(gateway, postgres):
    with gateway.websocket_connect("/live") as socket:
        socket.send_text("made-up")
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_json()

    assert gone.value.code == UNKNOWN


def test_a_service_that_does_not_answer_is_not_the_clients_fault(addresses):
    nowhere = Addresses(
        auth=addresses.auth, chat="http://127.0.0.1:1", knowledge="", redis=addresses.redis
    )
    with TestClient(create_app(nowhere)) as gateway:
        gateway.post("/users", json=ANN)
        token = gateway.post("/sessions", json=ANN).json()["token"]

        response = gateway.get("/rooms", headers={"authorization": f"Bearer {token}"})

    assert response.status_code == 502
