"""A process that serves one gRPC method and is found by others."""

import argparse
import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

import grpc
from voice_agent.discovery import Book, Heartbeat
from voice_agent.settings import Settings
from voice_agent.wire import Method

GRACE_S = 0.2  # what is being said may be ended; who listens all day finds another
RETRY_S = 0.05


def main(method: Method, behaviour: Callable[..., Any]) -> None:
    """Serve ``method`` at ``--address`` until SIGTERM."""
    parser = argparse.ArgumentParser(prog=f"voice_agent.{method.kind}")
    parser.add_argument("--address", required=True, metavar="HOST:PORT")
    parser.add_argument(
        "--announce", metavar="HOST:PORT", help="where others reach it, if that differs"
    )
    arguments = parser.parse_args()
    settings = Settings.of(os.environ)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            serve(
                method,
                behaviour,
                settings,
                address=arguments.address,
                announced=arguments.announce or arguments.address,
            )
        )


async def serve(
    method: Method,
    behaviour: Callable[..., Any],
    settings: Settings,
    *,
    address: str,
    announced: str,
) -> None:
    """Listen, be announced, and say so; withdraw before the end, so that nobody calls in vain."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((method.served_by(behaviour),))
    server.add_insecure_port(address)
    await server.start()
    async with Redis.from_url(settings.redis_url) as redis:
        book = Book(redis, settings.ttl_s)
        await book.announce(method.kind, announced)
        print(f"{method.kind} is announced at {announced}", flush=True)
        await _stay(book, method.kind, announced, settings.ttl_s, ended)
        with contextlib.suppress(RedisError):
            await book.withdraw(method.kind, announced)
    await server.stop(GRACE_S)


async def _stay(book: Book, kind: str, address: str, ttl_s: float, ended: asyncio.Event) -> None:
    """Renew the announcement; a Redis that is away for a while is asked again soon."""
    beat = Heartbeat(ttl_s)
    while not ended.is_set():
        wait_s = RETRY_S
        if beat.is_due(time.monotonic()):
            with contextlib.suppress(RedisError, OSError):
                await book.announce(kind, address)
                beat.announced(time.monotonic())
                wait_s = beat.wait_s(time.monotonic())
        else:
            wait_s = beat.wait_s(time.monotonic())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), max(wait_s, 0.001))
