"""Pages, made on the server from what the gateway says; what happens meanwhile comes by WebSocket."""

import os
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

import httpx2
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined

from chat_platform.service import service
from chat_platform.settings import read
from chat_platform.web.marking import reason, with_mentions

COOKIE = "token"
router = APIRouter(default_response_class=HTMLResponse)
_pages = Environment(
    loader=PackageLoader("chat_platform.web"), autoescape=True, undefined=StrictUndefined
)
_pages.filters["with_mentions"] = with_mentions


def create() -> FastAPI:
    """The service, as the environment says."""
    return create_app(*read(os.environ, "GATEWAY_URL"))


def create_app(gateway_url: str) -> FastAPI:
    """The pages in front of that gateway."""
    gateway = httpx2.Client(base_url=gateway_url, timeout=10)
    app = service("web", gateway.close)
    app.state.gateway = gateway
    app.state.live_url = gateway_url.replace("http", "ws", 1) + "/live"
    app.include_router(router)
    app.mount("/static", StaticFiles(packages=[("chat_platform.web", "static")]), name="static")
    return app


async def get_form(request: Request) -> dict[str, str]:
    """What was typed."""
    fields = parse_qs((await request.body()).decode(), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


Form = Annotated[dict[str, str], Depends(get_form)]


@router.get("/")
def rooms(request: Request) -> Response:
    """The rooms that somebody is in, or where to log in."""
    got = _ask(request, "GET", "/rooms")
    if got.status_code == 401:
        return _page(request, "login.html")
    return _page(request, "rooms.html", rooms=got.json())


@router.post("/login")
def log_in(request: Request, typed: Form) -> Response:
    """Log in; whoever is new signs up with the other button."""
    credentials = {"name": typed.get("name", ""), "password": typed.get("password", "")}
    if typed.get("new"):
        added = _ask(request, "POST", "/users", json=credentials)
        if added.is_error:
            return _sorry(request, added)
    got = _ask(request, "POST", "/sessions", json=credentials)
    if got.is_error:
        return _sorry(request, got)
    response = RedirectResponse("/", 303)
    response.set_cookie(COOKIE, got.json()["token"], httponly=True, samesite="strict")
    return response


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session."""
    _ask(request, "DELETE", "/sessions/mine")
    response = RedirectResponse("/", 303)
    response.delete_cookie(COOKIE)
    return response


@router.post("/rooms")
def join(request: Request, typed: Form) -> Response:
    """Go into a room."""
    name = typed.get("room", "")
    got = _ask(request, "PUT", f"/rooms/{quote(name, safe='')}")
    return _sorry(request, got) if got.is_error else RedirectResponse(f"/rooms/{name}", 303)


@router.post("/rooms/{room}")
def say(room: str, request: Request, typed: Form) -> Response:
    """Say something."""
    path = f"/rooms/{quote(room, safe='')}"
    got = _ask(request, "POST", f"{path}/messages", json={"text": typed.get("text", "")})
    return _sorry(request, got) if got.is_error else RedirectResponse(path, 303)


@router.get("/rooms/{room}")
def room(room: str, request: Request, question: str = "") -> Response:
    """What is said in a room; with a question, what was said about it."""
    path = f"/rooms/{quote(room, safe='')}"
    got = _ask(request, "GET", f"{path}/messages", params={"limit": 500})
    if got.is_error:
        return _sorry(request, got)
    answer = None
    if question:
        found = _ask(request, "GET", f"{path}/answer", params={"question": question})
        if found.is_error:
            return _sorry(request, found)
        answer = found.json()
    return _page(
        request,
        "room.html",
        room=room,
        messages=got.json(),
        answer=answer,
        token=request.cookies[COOKIE],  # for the WebSocket, where no cookie of ours goes
        live_url=request.app.state.live_url,
    )


def _ask(request: Request, method: str, path: str, **more: Any) -> httpx2.Response:
    """What the gateway says to whoever has this cookie."""
    gateway: httpx2.Client = request.app.state.gateway
    token = request.cookies.get(COOKIE)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return gateway.request(method, path, headers=headers, **more)


def _page(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    text = _pages.get_template(name).render(**values)
    live = request.app.state.live_url
    policy = f"default-src 'self'; connect-src 'self' {live}; img-src data:; frame-ancestors 'none'"
    return HTMLResponse(text, status, headers={"content-security-policy": policy})


def _sorry(request: Request, got: httpx2.Response) -> Response:
    """The page that says why not."""
    return _page(request, "sorry.html", got.status_code, why=reason(got.json()))
