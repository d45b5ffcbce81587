"""The whole app in a process of its own, a home in its database, and a browser in front of it."""

import os
import shutil
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Error, Page, Response, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from home_security.models import Household
from home_security.seed import seed_history, seed_home
from home_security.web import PAGES
from mocks import Mocks
from route_coverage import VISIT

# Patience costs nothing where all is well. Less than the 30 s of the tier: what was waited for is told.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The Chromium of this machine, if there is one; root cannot have its sandbox."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return browser_type_launch_args | {"executable_path": found, "args": arguments}


@pytest.fixture
def app_url(services, postgres) -> str:
    """The worker's app, on the database that is emptied after each test."""
    return services.web.url


@pytest.fixture
def browser_context_args(browser_context_args, app_url):
    """Every page is relative to the app."""
    return browser_context_args | {"base_url": app_url}


@pytest.fixture
def database(postgres) -> Iterator[Session]:
    """A session for what a test prepares; it commits, the app sees it."""
    engine = create_engine(postgres.sync_url)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def home(database) -> Household:
    """A home with a day of history, and no quiet hours: the hour of the test must not matter."""
    home = seed_home(database)
    seed_history(database, home)
    home.quiet_from = home.quiet_until = None
    database.commit()
    return home


@pytest.fixture
def api(app_url) -> Iterator[httpx2.Client]:
    """Somebody else who uses the home meanwhile: a sensor, or another panel."""
    with httpx2.Client(base_url=app_url, headers={"x-actor": "another panel"}) as client:
        yield client


@pytest.fixture
def mocks(page) -> Mocks:
    """What the browser is answered instead of what the app says."""
    return Mocks(page)


@pytest.fixture(autouse=True)
def _watched(page: Page, record_property) -> Iterator[None]:
    """Write down which pages were visited; no page may have an error that nobody catches."""
    paths, errors = {page.path for page in PAGES}, []

    def note(response: Response) -> None:
        path = response.url.partition("://")[2].partition("/")[2].partition("?")[0]
        if response.request.is_navigation_request() and response.ok and f"/{path}" in paths:
            record_property(VISIT, f"/{path}")

    def complain(error: Error) -> None:
        errors.append(error.message)

    page.set_default_timeout(PATIENCE_MS)
    page.on("response", note)
    page.on("pageerror", complain)
    yield
    assert errors == []
