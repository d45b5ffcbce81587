"""One conversation: what is said goes to a recogniser, what it understood is answered, in sound."""

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any

from websockets.exceptions import ConnectionClosed

import grpc
from voice_agent.audio import Framer, Pacer
from voice_agent.discovery import NobodyError
from voice_agent.gateway.pipeline import Pipeline
from voice_agent.wire import LISTEN, PAUSE, Heard

BACKLOG = 50  # frames: whoever speaks faster than we understand must wait after one second
AHEAD = 10  # frames that are made before they are due
CANCEL_S = 0.1
KEPT = 1500  # frames: half a minute of a sentence can be said again to another recogniser

LOG = logging.getLogger(__name__)

Send = Callable[[str | bytes], Awaitable[None]]


class Session:
    """Joins a speaker to the pipeline. ``send`` gives the speaker text (events) and bytes (frames)."""

    def __init__(self, pipeline: Pipeline, send: Send) -> None:
        self._pipeline = pipeline
        self._send = send
        self._backlog: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG)
        self._kept: deque[bytes] = deque(maxlen=KEPT)  # of the sentence that is being said
        self._forgotten = 0  # frames of this stream that are not kept any more
        self._sentence: list[str] = []
        self._tries = 0  # recognisers in a row that were gone before they had heard a word
        self._speaking: asyncio.Task[None] | None = None
        self._said: list[str] = []

    async def run(self, pieces: AsyncIterable[bytes | str]) -> None:
        """Talk until the speaker leaves, or until nobody is there to listen."""
        listening = asyncio.create_task(self._listen())
        reading = asyncio.create_task(self._read(pieces))
        try:
            await asyncio.wait((listening, reading), return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                await listening
        except (NobodyError, grpc.aio.AioRpcError) as error:
            await self._tell("failed", why=reason(error))
        finally:
            for task in (listening, reading, self._speaking):
                await _cancelled(task)

    async def _read(self, pieces: AsyncIterable[bytes | str]) -> None:
        """Take what the speaker sends; a backlog that is full makes the speaker wait."""
        framer, counts = Framer(), self._pipeline.counts
        async for piece in pieces:
            if isinstance(piece, str):
                continue
            for frame in framer.push(piece):
                await self._backlog.put(frame)
                counts.frames_in += 1
                counts.backlog_most = max(counts.backlog_most, self._backlog.qsize())

    async def _listen(self) -> None:
        """Have one recogniser after the other listen, if need be."""
        while True:
            address = await self._pipeline.pick(LISTEN.kind)
            self._tries += 1
            try:
                await self._listen_at(address)
            except grpc.aio.AioRpcError as error:
                self._pipeline.lost(address, error, self._tries)

    async def _listen_at(self, address: str) -> None:
        """Say the sentence again from its beginning, then go on; until that recogniser is gone."""
        await self._tell("listening", recogniser=address)
        call = LISTEN.on(self._pipeline.channel(address))()
        self._sentence, self._forgotten = [], 0
        handing_over = asyncio.create_task(self._hand_over(call, list(self._kept)))
        try:
            async for heard in call:
                self._tries = 0
                await self._understand(heard)
        finally:
            call.cancel()
            await _cancelled(handing_over)

    async def _hand_over(self, call: Any, again: list[bytes]) -> None:
        """Give frames to the recogniser; whoever reads its answers learns when it is gone."""
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            for frame in again:
                await call.write(frame)
            while True:
                frame = await self._backlog.get()
                self._keep(frame)
                await call.write(frame)

    def _keep(self, frame: bytes) -> None:
        if len(self._kept) == KEPT:
            self._forgotten += 1
        self._kept.append(frame)

    async def _understand(self, heard: Heard) -> None:
        """A word interrupts the agent; a pause lets it speak."""
        if heard.word != PAUSE:
            await self._interrupt()
            self._sentence.append(heard.word)
            await self._tell("word", word=heard.word)
            return
        while self._forgotten < heard.frames:
            self._kept.popleft()
            self._forgotten += 1
        sentence, self._sentence = self._sentence, []
        await self._tell("heard", words=sentence)
        await self._interrupt()
        self._speaking = asyncio.create_task(self._speak(" ".join(sentence)))

    async def _interrupt(self) -> None:
        if self._speaking is not None and not self._speaking.done():
            await _cancelled(self._speaking)
            await self._tell("interrupted", words=self._said)
        self._speaking = None

    async def _speak(self, sentence: str) -> None:
        """Say the reply: it is made a little ahead, and sent as fast as it is heard."""
        self._said = []
        made: asyncio.Queue[bytes | None] = asyncio.Queue(AHEAD)
        making = asyncio.create_task(self._make(sentence, made))
        pacer: Pacer | None = None
        try:
            while (frame := await made.get()) is not None:
                now = time.monotonic()
                pacer = pacer or Pacer(now)
                await asyncio.sleep(pacer.wait_s(now))
                await self._send(frame)
                self._pipeline.counts.frames_out += 1
            await making
            await self._tell("done", words=self._said)
        except (NobodyError, grpc.aio.AioRpcError) as error:
            await self._tell("failed", why=reason(error))
        except ConnectionClosed:
            pass
        except Exception:
            LOG.exception("an answer broke off")
            await self._tell("failed", why="this is our mistake")
        finally:
            await _cancelled(making)

    async def _make(self, sentence: str, made: asyncio.Queue[bytes | None]) -> None:
        """Fill ``made``, and say when there is no more; not when cancelled: then nobody takes it."""
        try:
            reply = self._pipeline.reply(sentence, self._said.append)
            async with contextlib.aclosing(reply) as frames:
                async for frame in frames:
                    await made.put(frame)
        except Exception:
            await made.put(None)
            raise
        await made.put(None)

    async def _tell(self, kind: str, **data: object) -> None:
        await self._send(json.dumps({"type": kind, **data}))


def reason(error: NobodyError | grpc.aio.AioRpcError) -> str:
    """What went wrong, for the speaker."""
    return str(error) if isinstance(error, NobodyError) else str(error.details())


async def _cancelled(task: asyncio.Task[None] | None) -> None:
    """End it, and wait until it has ended, whatever it has to say about that."""
    if task is None:
        return
    while not task.done():  # a library in between may have kept the cancellation to itself
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_S)
    if not task.cancelled():
        task.exception()
