"""The one door. Who asks is asked of auth; what is asked is passed on; what happens is told."""

import os
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import httpx2
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, Response

from chat_platform.gateway import live
from chat_platform.service import service
from chat_platform.settings import read

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the services behind it are."""

    auth: str
    chat: str
    knowledge: str
    redis: str


def create() -> FastAPI:
    """The service, as the environment says."""
    auth, chat, knowledge, redis = read(
        os.environ, "AUTH_URL", "CHAT_URL", "KNOWLEDGE_URL", "REDIS_URL"
    )
    return create_app(Addresses(auth=auth, chat=chat, knowledge=knowledge, redis=redis))


def create_app(addresses: Addresses) -> FastAPI:
    """The service in front of those."""
    client = httpx2.AsyncClient(timeout=10)
    app = service("gateway", client.aclose)
    app.state.client = client
    app.state.addresses = addresses
    app.include_router(router)
    app.include_router(live.router)
    return app


async def send(
    request: Request, url: str, *, body: bytes = b"", headers: dict[str, str] | None = None
) -> Response:
    """What a service behind says to it. Raises: HTTPException 502 if it says nothing."""
    headers = {"content-type": "application/json", **(headers or {})}
    try:
        got = await request.app.state.client.request(
            request.method, url, content=body, headers=headers
        )
    except httpx2.HTTPError as error:
        raise HTTPException(502, "a service behind the gateway does not answer") from error
    kept = {name: got.headers[name] for name in ("retry-after",) if name in got.headers}
    return Response(got.content, got.status_code, kept, got.headers.get("content-type"))


async def get_name(request: Request, authorization: Annotated[str, Header()] = "") -> str:
    """Who asks, by the token. Raises: HTTPException 401."""
    return await live.name_of(request.app.state, authorization)


Name = Annotated[str, Depends(get_name)]


@router.post("/users")
@router.post("/sessions")
async def to_auth(request: Request) -> Response:
    """Sign up, log in."""
    auth = request.app.state.addresses.auth
    return await send(request, f"{auth}{request.url.path}", body=await request.body())


@router.delete("/sessions/mine")
async def log_out(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """End the session."""
    auth = request.app.state.addresses.auth
    return await send(request, f"{auth}/sessions/mine", headers=live.bearing(authorization))


@router.get("/rooms")
@router.put("/rooms/{room}")
@router.get("/rooms/{room}/messages")
@router.post("/rooms/{room}/messages")
async def to_chat(request: Request, name: Name) -> Response:
    """Rooms and messages."""
    return await _pass_on(request, request.app.state.addresses.chat, name)


@router.get("/rooms/{room}/answer")
async def to_knowledge(request: Request, name: Name) -> Response:
    """Questions."""
    return await _pass_on(request, request.app.state.addresses.knowledge, name)


async def _pass_on(request: Request, address: str, name: str) -> Response:
    """As it came, but for who asks: a client's own ``x-user`` goes no further."""
    path = quote(request.url.path)
    query = f"?{request.url.query}" if request.url.query else ""
    return await send(
        request,
        f"{address}{path}{query}",
        body=await request.body(),
        headers={"x-user": name},
    )
