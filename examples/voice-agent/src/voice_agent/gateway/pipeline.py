"""How the gateway reaches the services: it finds them, and goes elsewhere when one is gone."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Any

import grpc
from voice_agent.discovery import Book, Chooser, NobodyError
from voice_agent.wire import ANSWER, SPEAK, Method

# A connection that breaks is UNKNOWN while something is read, INTERNAL while something is written.
GONE = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
)
TRIES = 10
POLL_S = 0.05


@dataclass(slots=True)
class Counts:
    """What the gateway has done so far: ``GET /health``."""

    sessions: int = 0
    frames_in: int = 0
    frames_out: int = 0
    backlog_most: int = 0  # frames of one speaker that waited for the recogniser
    moved: int = 0  # how often a service was gone and another was taken


class Pipeline:
    """The services, whoever they are at the moment."""

    def __init__(self, book: Book, ttl_s: float) -> None:
        self.counts = Counts()
        self._book = book
        self._patience_s = 2 * ttl_s
        self._chooser = Chooser(time.monotonic, ttl_s)
        self._channels: dict[str, grpc.aio.Channel] = {}

    def told(self) -> dict[str, int]:
        """The counts, as they are told to others."""
        return asdict(self.counts)

    async def pick(self, kind: str) -> str:
        """The address of one that is there; waits two times to live for one.

        Raises: NobodyError.
        """
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return self._chooser.choose(kind, await self._book.find(kind))
            except NobodyError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(POLL_S)

    def channel(self, address: str) -> grpc.aio.Channel:
        """A connection to it: one for all that use it."""
        if address not in self._channels:
            self._channels[address] = grpc.aio.insecure_channel(address)
        return self._channels[address]

    def lost(self, address: str, error: grpc.aio.AioRpcError, tries: int) -> None:
        """It is gone: another one, please.

        Raises: the error, if it says something else, or has been said ``TRIES`` times in a row.
        """
        if error.code() not in GONE or tries >= TRIES:
            raise error
        self.counts.moved += 1
        self._chooser.lost(address)

    async def ask(self, method: Method, request: str) -> AsyncIterator[Any]:
        """What a service answers; if it is gone, another one goes on where it stopped.

        That is right because all of a kind give the same answer.
        """
        count = tries = 0
        while True:
            address, skipped = await self.pick(method.kind), 0
            tries += 1
            try:
                async for each in method.on(self.channel(address))(request):
                    if skipped < count:
                        skipped += 1
                        continue
                    count, skipped, tries = count + 1, skipped + 1, 0
                    yield each
            except grpc.aio.AioRpcError as error:
                self.lost(address, error, tries)
            else:
                return

    async def reply(self, sentence: str, told: Callable[[str], None]) -> AsyncIterator[bytes]:
        """The frames of the reply; ``told`` gets each word before its frames come."""
        async with contextlib.aclosing(self.ask(ANSWER, sentence)) as words:
            async for word in words:
                told(word)
                async with contextlib.aclosing(self.ask(SPEAK, word)) as frames:
                    async for frame in frames:
                        yield frame
