"""The eight pages. Each is a shell with headings; its script asks the API for the rest."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it is, what it is called, and what its template is named after."""

    path: str
    title: str
    name: str
    about: str


PAGES = (
    Page("/", "Dashboard", "dashboard", "How the home stands, right now."),
    Page("/timeline", "Timeline", "timeline", "One day, hour by hour."),
    Page("/events", "Events", "events", "Everything that sensors and cameras reported."),
    Page("/alerts", "Alerts", "alerts", "What needs somebody, and what was done about it."),
    Page("/entities", "Entities", "entities", "People, pets, vehicles and devices the home knows."),
    Page("/audit", "Audit", "audit", "Who did what, and when."),
    Page("/system", "System", "system", "Backends, sensors and cameras."),
    Page("/settings", "Settings", "settings", "The household and its rules."),
)


def install(app: FastAPI) -> None:
    """Serve the pages and what they load."""
    templates = Jinja2Templates(_HERE / "templates")
    router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

    def add(page: Page) -> None:
        @router.get(page.path, name=page.name)
        def show(request: Request) -> HTMLResponse:
            values = {"page": page, "pages": PAGES}
            return templates.TemplateResponse(request, f"{page.name}.html", values)

    for page in PAGES:
        add(page)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
