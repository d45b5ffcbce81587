"""People who use the platform, through its gateway."""

import json
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
from websockets.sync.client import connect

PASSWORD = "correct horse"
PATIENCE_S = 15  # costs nothing where all is well; less than a test may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who has logged in."""

    name: str
    token: str
    client: httpx2.Client

    def joins(self, room):
        """Go into a room."""
        return self.client.put(f"/rooms/{room}").raise_for_status()

    def says(self, text, room="kitchen"):
        """Say something there; the message."""
        said = self.client.post(f"/rooms/{room}/messages", json={"text": text})
        return said.raise_for_status().json()

    def reads(self, room="kitchen"):
        """All that was said there."""
        return self.client.get(f"/rooms/{room}/messages").raise_for_status().json()

    def asks(self, question, room="kitchen"):
        """The sources that answer."""
        got = self.client.get(f"/rooms/{room}/answer", params={"question": question})
        return got.raise_for_status().json()["sources"]

    @contextmanager
    def listens(self):
        """Hear what is said. Nothing after this is missed: the hello has come."""
        url = str(self.client.base_url).rstrip("/").replace("http", "ws", 1) + "/live"
        with connect(url, open_timeout=PATIENCE_S) as socket:
            socket.send(self.token)
            assert hear(socket) == {"type": "hello", "name": self.name}
            yield socket


def hear(socket):
    """The next thing that arrives."""
    return json.loads(socket.recv(timeout=PATIENCE_S))


@contextmanager
def arrives(gateway_url, name, *, is_new=True):
    """Somebody signs up and logs in."""
    with httpx2.Client(base_url=gateway_url, timeout=PATIENCE_S) as client:
        credentials = {"name": name, "password": PASSWORD}
        if is_new:
            client.post("/users", json=credentials).raise_for_status()
        token = client.post("/sessions", json=credentials).raise_for_status().json()["token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield Person(name=name, token=token, client=client)
