"""What happens, told at once: Redis pub/sub on one side, WebSockets on the other."""

import asyncio
import contextlib
from typing import Annotated, Any, Literal

import redis
import redis.asyncio
from fastapi import APIRouter, Depends, Request, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict

CHANNEL = "home-security"

router = APIRouter()


class Message(BaseModel):
    """One thing to tell."""

    model_config = ConfigDict(frozen=True)

    type: Literal["hello", "event", "alert", "mode"]
    data: dict[str, Any]


class Publisher:
    """Tells every listener, in whichever process they are."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def tell(self, *messages: Message) -> None:
        """Publish in order, in one round trip."""
        with self._client.pipeline(transaction=False) as pipeline:
            for message in messages:
                pipeline.publish(CHANNEL, message.model_dump_json())
            pipeline.execute()

    def listeners(self) -> int:
        """How many processes listen."""
        return int(self._client.pubsub_numsub(CHANNEL)[0][1])

    def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False


def get_publisher(request: Request) -> Publisher:
    """The publisher of this app."""
    return request.app.state.publisher


Live = Annotated[Publisher, Depends(get_publisher)]


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Everything from now on. The hello comes when we listen: nothing after it is missed."""
    client = redis.asyncio.Redis.from_url(socket.app.state.settings.redis_url)
    await socket.accept()
    async with client, client.pubsub(ignore_subscribe_messages=False) as subscription:
        await subscription.subscribe(CHANNEL)
        async with asyncio.TaskGroup() as tasks:
            forwarding = tasks.create_task(_forward(subscription, socket))
            await _until_gone(socket)
            forwarding.cancel()


async def _forward(subscription: redis.asyncio.client.PubSub, socket: WebSocket) -> None:
    async for item in subscription.listen():
        if item["type"] == "subscribe":
            await _send(socket, Message(type="hello", data={}).model_dump_json())
        elif item["type"] == "message":
            await _send(socket, item["data"].decode())


async def _send(socket: WebSocket, text: str) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has just left
        await socket.send_text(text)


async def _until_gone(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()
