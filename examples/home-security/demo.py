"""``make demo``: the app with a database and Redis of its own, and a little life in it."""

import contextlib
import itertools
import json
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from home_security.models import Household
from home_security.seed import PIN, seed_history, seed_home
from home_security.settings import with_psycopg

LIFE = [
    {"zone_id": 3, "kind": "motion", "note": "Somebody walks through the hall."},
    {"zone_id": 1, "kind": "opened", "sensor_id": 1},
    {"zone_id": 1, "kind": "closed", "sensor_id": 1},
    {"zone_id": 4, "kind": "vehicle", "entity_id": 4, "confidence": 0.83},
    {"zone_id": 1, "kind": "person", "entity_id": 2, "confidence": 0.97, "note": "Grace is home."},
    {"zone_id": 4, "kind": "motion", "confidence": 0.61},
]


@contextlib.contextmanager
def services() -> Iterator[dict[str, str]]:
    """All that pyproject.toml names, migrated and connected with each other; their URLs by name."""
    handrail = str(Path(sys.executable).with_name("handrail"))
    up = subprocess.run([handrail, "services", "up", "--json"], check=True, stdout=subprocess.PIPE)
    try:
        yield {each["name"]: each["url"] for each in json.loads(up.stdout)["services"]}
    finally:
        # In a session of its own: a second Ctrl-C is not for it.
        down = [handrail, "services", "down"]
        subprocess.run(down, check=True, stdout=subprocess.DEVNULL, start_new_session=True)


def prepare(database_url: str) -> None:
    """A home with a day of history, where there is none yet."""
    engine = create_engine(with_psycopg(database_url))
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
    end = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: end.set())
    with services() as urls:
        prepare(urls["postgres"])
        print(f"Home security: {urls['web']}   PIN {PIN}   Ctrl-C stops everything", flush=True)
        live_a_little(urls["web"], end)


if __name__ == "__main__":
    main()
