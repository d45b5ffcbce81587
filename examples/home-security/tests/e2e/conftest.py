"""The whole app in a process of its own, a home in its database, and a browser in front of it."""

import os
import shutil
import socket
import subprocess
import sys
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


@pytest.fixture(scope="module")
def backends(request):
    """The addresses of the module's own database and Redis."""
    services = request.getfixturevalue("services")
    return {
        "HOME_SECURITY_DATABASE_URL": services.postgres.url,
        "HOME_SECURITY_REDIS_URL": services.redis.url,
    }


@pytest.fixture(scope="module")
def app_url(backends, tmp_path_factory) -> Iterator[str]:
    """The app, answering. We bind its port and hand it over: it cannot clash, nothing is polled."""
    log = tmp_path_factory.mktemp("app") / "app.log"
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        command = [sys.executable, "-m", "uvicorn", "--factory", "home_security.app:create_app"]
        command += ["--fd", str(listener.fileno()), "--timeout-graceful-shutdown", "2"]
        app = subprocess.Popen(
            command,
            env=os.environ | backends,
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
        )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        # The request waits in the queue of the socket until the app takes it.
        httpx2.get(f"{url}/health", timeout=25).raise_for_status()
        yield url
    finally:
        is_alive = app.poll() is None
        app.terminate()
        app.wait(10)
    assert is_alive, f"the app ended by itself:\n{log.read_text()[-2000:]}"


@pytest.fixture(scope="module")
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
