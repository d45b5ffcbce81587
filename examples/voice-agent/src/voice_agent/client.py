"""A speaker with ears: what the tests, the demo and the benchmark talk with."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

from voice_agent.audio import FRAME_S
from voice_agent.recogniser.ear import Ear
from voice_agent.synthesiser.voice import say

PATIENCE_S = 30.0
ENDS = ("done", "interrupted", "failed")


@dataclass(slots=True)
class Reply:
    """What was heard between the end of a sentence and the end of its answer."""

    events: list[dict[str, Any]] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    came_at: list[float] = field(default_factory=list)  # seconds of ``time.monotonic``, per frame

    @property
    def words(self) -> list[str]:
        """The words that the sound says."""
        ear = Ear()
        return [word for frame in self.frames if (word := ear.hear(frame))]

    @property
    def end(self) -> dict[str, Any]:
        """The event that ended it."""
        return self.events[-1]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [event for event in self.events if event["type"] == kind]


class Speaker:
    """One side of a conversation."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.recogniser: str = json.loads(socket.recv(PATIENCE_S))["recogniser"]

    @classmethod
    @contextlib.contextmanager
    def at(cls, url: str) -> Iterator[Self]:
        """Connect to a gateway; ``url`` is where its pages are."""
        place = url.replace("http", "ws", 1) + "/talk"
        with connect(place, compression=None, close_timeout=1) as socket:
            yield cls(socket)

    def say(self, sentence: str) -> None:
        """Say it as fast as it is taken."""
        self.send(say(sentence.split()))

    def send(self, frames: list[bytes]) -> None:
        """Send some frames."""
        for frame in frames:
            self._socket.send(frame)

    def say_slowly(self, sentence: str) -> None:
        """Say it as fast as people do."""
        due = time.monotonic()
        for frame in say(sentence.split()):
            time.sleep(max(0.0, due - time.monotonic()))
            self._socket.send(frame)
            due += FRAME_S

    def hear(self, reply: Reply) -> str:
        """Add what comes next; which kind it was, ``frame`` for sound."""
        message = self._socket.recv(PATIENCE_S)
        if isinstance(message, bytes):
            reply.came_at.append(time.monotonic())
            reply.frames.append(message)
            return "frame"
        event = json.loads(message)
        reply.events.append(event)
        return str(event["type"])

    def reply(self, begun: Reply | None = None) -> Reply:
        """Listen until the answer is over."""
        reply = begun or Reply()
        while self.hear(reply) not in ENDS:
            pass
        return reply

    def ask(self, sentence: str) -> Reply:
        """Say something and hear the answer."""
        self.say(sentence)
        return self.reply()
