"""``python -m voice_agent.gateway``: the WebSocket ``/talk``, and ``/health`` for whoever watches."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
from http import HTTPStatus

from redis.asyncio import Redis
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from voice_agent.discovery import Book
from voice_agent.gateway.pipeline import Pipeline
from voice_agent.gateway.session import Session
from voice_agent.settings import Settings


class Gateway:
    """Answers requests, and joins each WebSocket to the pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """What is not a conversation."""
        if request.path == "/talk":
            return None
        if request.path == "/health":
            return connection.respond(HTTPStatus.OK, json.dumps(self._pipeline.told()) + "\n")
        return connection.respond(HTTPStatus.NOT_FOUND, "there is /talk and /health\n")

    async def talk(self, connection: ServerConnection) -> None:
        """One conversation."""
        self._pipeline.counts.sessions += 1
        with contextlib.suppress(ConnectionClosed):
            await Session(self._pipeline, connection.send).run(connection)


async def run(listener: socket.socket, settings: Settings) -> None:
    """Serve until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with Redis.from_url(settings.redis_url) as redis:
        gateway = Gateway(Pipeline(Book(redis, settings.ttl_s), settings.ttl_s))
        async with serve(
            gateway.talk,
            sock=listener,
            process_request=gateway.answer,
            max_queue=16,
            close_timeout=1,
            compression=None,
        ):
            await ended.wait()


def main() -> None:
    """Take over a socket that listens already, or make one."""
    parser = argparse.ArgumentParser(prog="voice_agent.gateway")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, help="a socket that listens already")
    where.add_argument("--address", metavar="HOST:PORT")
    arguments = parser.parse_args()
    if arguments.fd is not None:
        listener = socket.socket(fileno=arguments.fd)
    else:
        host, _, port = arguments.address.rpartition(":")
        listener = socket.create_server((host, int(port)))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(listener, Settings.of(os.environ)))


if __name__ == "__main__":
    main()
