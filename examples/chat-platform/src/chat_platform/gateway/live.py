"""What happens, told at once: Redis on one side, a WebSocket for each client on the other."""

import asyncio
import contextlib

import httpx2
import redis.asyncio
from fastapi import APIRouter, HTTPException, WebSocket, WebSocketDisconnect
from starlette.datastructures import State

from chat_platform.chat.events import CHANNEL, heard_by

UNKNOWN = 4401
"""The code with which a WebSocket is closed whose token is nobody's."""

router = APIRouter()


def bearing(authorization: str) -> dict[str, str]:
    """The header that says who asks; none if nobody says so."""
    return {"authorization": authorization} if authorization.strip() else {}


async def name_of(state: State, authorization: str) -> str:
    """Whose token it is. Raises: HTTPException 401, or 502 if auth does not answer."""
    url = f"{state.addresses.auth}/sessions/mine"
    try:
        got = await state.client.get(url, headers=bearing(authorization))
    except httpx2.HTTPError as error:
        raise HTTPException(502, "auth does not answer") from error
    if got.is_error:
        raise HTTPException(401, "log in first")
    return got.json()["name"]


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """The first thing a client sends is its token. After the hello it misses nothing."""
    await socket.accept()
    try:
        name = await name_of(socket.app.state, f"Bearer {await socket.receive_text()}")
    except WebSocketDisconnect:
        return
    except HTTPException:
        await socket.close(UNKNOWN, "log in first")
        return
    client = redis.asyncio.Redis.from_url(socket.app.state.addresses.redis)
    async with client, client.pubsub() as subscription:
        await subscription.subscribe(CHANNEL)
        async with asyncio.TaskGroup() as tasks:
            forwarding = tasks.create_task(_forward(subscription, socket, name))
            await _until_gone(socket)
            forwarding.cancel()


async def _forward(subscription: redis.asyncio.client.PubSub, socket: WebSocket, name: str) -> None:
    async for item in subscription.listen():
        if item["type"] == "subscribe":
            await _send(socket, {"type": "hello", "name": name})
        elif message := heard_by(item["data"], name):
            await _send(socket, {"type": "message", "message": message.model_dump()})


async def _send(socket: WebSocket, event: dict) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has just left
        await socket.send_json(event)


async def _until_gone(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()
