"""``make demo``: the app with a database and Redis of its own, and a little life in it.

Set ``HOME_SECURITY_DATABASE_URL`` and ``HOME_SECURITY_REDIS_URL`` to use your own instead.
"""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from home_security.migrations import migrate
from home_security.models import Household
from home_security.seed import PIN, seed_history, seed_home
from home_security.settings import Settings

LIFE = [
    {"zone_id": 3, "kind": "motion", "note": "Somebody walks through the hall."},
    {"zone_id": 1, "kind": "opened", "sensor_id": 1},
    {"zone_id": 1, "kind": "closed", "sensor_id": 1},
    {"zone_id": 4, "kind": "vehicle", "entity_id": 4, "confidence": 0.83},
    {"zone_id": 1, "kind": "person", "entity_id": 2, "confidence": 0.97, "note": "Grace is home."},
    {"zone_id": 4, "kind": "motion", "confidence": 0.61},
]


@contextlib.contextmanager
def backends() -> Iterator[dict[str, str]]:
    """The services that the environment names, or own ones that end with us."""
    if "HOME_SECURITY_DATABASE_URL" in os.environ:
        yield {}
        return
    handrail = str(Path(sys.executable).with_name("handrail"))
    up = subprocess.run([handrail, "services", "up", "--json"], check=True, stdout=subprocess.PIPE)
    urls = {each["name"]: each["url"] for each in json.loads(up.stdout)["services"]}
    try:
        yield {
            "HOME_SECURITY_DATABASE_URL": urls["postgres"],
            "HOME_SECURITY_REDIS_URL": urls["redis"],
        }
    finally:
        subprocess.run([handrail, "services", "down"], check=True, stdout=subprocess.DEVNULL)


def prepare(database_url: str) -> None:
    """The tables, and a home with a day of history where there is none yet."""
    migrate(database_url)
    engine = create_engine(database_url)
    with Session(engine) as session, session.begin():
        if session.query(Household).first() is None:
            seed_history(session, seed_home(session))
    engine.dispose()


def live_a_little(url: str, end: threading.Event) -> None:
    """An event now and then."""
    for event in itertools.cycle(LIFE):
        if end.wait(4):
            return
        body, headers = json.dumps(event).encode(), {"content-type": "application/json"}
        with contextlib.suppress(OSError):
            urllib.request.urlopen(
                urllib.request.Request(f"{url}/api/events", body, headers), timeout=10
            )


def main() -> None:
    """Start everything, say where it is, stop everything on Ctrl-C or SIGTERM."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    with backends() as found, contextlib.suppress(KeyboardInterrupt):
        environ = os.environ | found
        prepare(Settings.of(environ).database_url)
        with socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0")))) as listener:
            command = [sys.executable, "-m", "uvicorn", "home_security.app:create_app", "--factory"]
            command += ["--fd", str(listener.fileno()), "--log-level", "warning"]
            app = subprocess.Popen(command, env=environ, pass_fds=[listener.fileno()])
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        end = threading.Event()
        life = threading.Thread(target=live_a_little, args=(url, end))
        life.start()
        try:
            urllib.request.urlopen(f"{url}/health", timeout=60).close()
            print(f"Home security: {url}   PIN {PIN}   Ctrl-C stops everything", flush=True)
            app.wait()
        finally:
            end.set()
            app.terminate()
            app.wait(10)
            life.join()


if __name__ == "__main__":
    main()
