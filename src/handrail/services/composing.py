"""Brings a stack up, waits until all of it is healthy, says where it is, then shows its logs.

Run as a program, by itself: ``PROJECT SERVICE PORT DOCKER... -- COMPOSE...``. It imports nothing of
Handrail. It does not take the stack down: whoever started it does, for it may be killed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

READY = r"handrail: healthy, at (?P<host>\S+):(?P<port>\d+)"
"""What it prints, once."""
LOOK_S = 0.1


def state(containers: Iterable[Mapping[str, Any]]) -> tuple[bool, str]:
    """Whether all of them are as they should be; or what cannot become so any more.

    As ``docker inspect`` tells of them. One that has ended well (a migration, say) is fine.
    """
    is_ready = True
    for each in containers:
        name, now = _service(each), each["State"]
        health = (now.get("Health") or {}).get("Status", "")
        if now["Status"] in {"exited", "dead"} and now.get("ExitCode"):
            return False, f"{name} has ended with exit code {now['ExitCode']}"
        if health == "unhealthy":
            return False, f"{name} is unhealthy"
        is_ready &= now["Status"] == "exited" or (
            now["Status"] == "running" and health in {"", "healthy"}
        )
    return is_ready, ""


def place(containers: Iterable[Mapping[str, Any]], service: str, port: int) -> tuple[str, str]:
    """``host:port`` of a service as seen from here, or why it has none. ``port``: 0 if not known."""
    mine = [each for each in containers if _service(each) == service]
    if not mine:
        return "", f"the stack has no service {service}"
    published = {
        inside.partition("/")[0]: outside[0]
        for inside, outside in (mine[0]["NetworkSettings"]["Ports"] or {}).items()
        if outside
    }
    if str(port) in published:
        found = published[str(port)]
    elif len(published) == 1:
        found = next(iter(published.values()))
    elif published:
        return "", f"{service} publishes the ports {', '.join(published)}: say which (port = ...)"
    else:
        return "", f"{service} publishes no port"
    host = "127.0.0.1" if found["HostIp"] in {"", "0.0.0.0", "::"} else found["HostIp"]  # noqa: S104 - read, not bound
    return f"{host}:{found['HostPort']}", ""


def main(arguments: Sequence[str]) -> int:
    """Return only if it fails."""
    project, service, port, *rest = arguments
    docker, compose = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    done = subprocess.run([*compose, "up", "--detach"], check=False)
    if done.returncode:
        return done.returncode
    while True:
        containers = _inspect(docker, project)
        is_ready, why = state(containers)
        where = ""
        if is_ready:
            where, why = place(containers, service, int(port))
        if why:
            subprocess.run([*compose, "logs", "--no-color"], check=False)
            print(f"handrail: {why}", flush=True)
            return 1
        if where:
            print(f"handrail: healthy, at {where}", flush=True)
            os.execvp(compose[0], [*compose, "logs", "--follow", "--no-color"])  # noqa: S606
        time.sleep(LOOK_S)


def _inspect(docker: Sequence[str], project: str) -> list[Mapping[str, Any]]:
    label = f"label=com.docker.compose.project={project}"
    listed = subprocess.run(
        [*docker, "ps", "--all", "--quiet", "--filter", label], stdout=subprocess.PIPE, check=True
    ).stdout.split()
    said = subprocess.run([*docker, "inspect", *listed], stdout=subprocess.PIPE, check=False)
    containers: list[Mapping[str, Any]] = json.loads(said.stdout or "[]")
    return containers


def _service(container: Mapping[str, Any]) -> str:
    name: str = container["Config"]["Labels"].get("com.docker.compose.service", "")
    return name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
