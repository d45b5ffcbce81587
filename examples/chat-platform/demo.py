"""``make demo``: all five services with a database and Redis of their own, and people who chat."""

import contextlib
import itertools
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2

PASSWORD = "correct horse"
TALK = [
    ("grace", "Good morning! When is the deploy?"),
    ("ada", "The deploy is on Thursday at four, after the backup."),
    ("grace", "Thanks, @ada. Who has the keys of the server room?"),
    ("linus", "The keys of the server room are with @grace's team, on the hook by the door."),
    ("ada", "Lunch on Thursday is soup."),
    ("linus", "Then I will be there at noon."),
]


@contextlib.contextmanager
def services() -> Iterator[dict[str, str]]:
    """All that pyproject.toml names, connected with each other; their URLs by name."""
    handrail = str(Path(sys.executable).with_name("handrail"))
    up = subprocess.run([handrail, "services", "up", "--json"], check=True, stdout=subprocess.PIPE)
    try:
        yield {each["name"]: each["url"] for each in json.loads(up.stdout)["services"]}
    finally:
        # In a session of its own: a second Ctrl-C is not for it.
        down = [handrail, "services", "down"]
        subprocess.run(down, check=True, stdout=subprocess.DEVNULL, start_new_session=True)


def arrive(gateway: str, name: str) -> httpx2.Client:
    """Somebody who is in the office."""
    client = httpx2.Client(base_url=gateway, timeout=10)
    credentials = {"name": name, "password": PASSWORD}
    client.post("/users", json=credentials)  # 409 if somebody is known already: as good
    token = client.post("/sessions", json=credentials).raise_for_status().json()["token"]
    client.headers["authorization"] = f"Bearer {token}"
    client.put("/rooms/office").raise_for_status()
    return client


def main() -> None:
    """Start everything, say where it is, stop everything on Ctrl-C or SIGTERM."""
    end = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: end.set())
    with services() as urls:
        people = {name: arrive(urls["gateway"], name) for name in ("ada", "grace", "linus")}
        print(f"Chat: {urls['web']}   ada, {PASSWORD}   Ctrl-C stops everything", flush=True)
        for number, (name, text) in enumerate(itertools.cycle(TALK)):
            people[name].post("/rooms/office/messages", json={"text": text})
            if number >= len(TALK) - 1 and end.wait(4):
                return


if __name__ == "__main__":
    main()
