"""A Docker daemon for tests: the one that runs, or one of our own, or the reason why there is none."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from build import bake, build, recipes

STARTING_S = 60.0
_NO_FIREWALL = ("--iptables=false", "--ip6tables=false")  # ports of the loopback need none


@contextlib.contextmanager
def daemon() -> Iterator[str]:
    """The ``DOCKER_HOST`` of a daemon. Skips by name where there can be none."""
    if shutil.which("docker") is None:
        pytest.skip("no docker on PATH")
    running = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if _answers(running):
        yield running
        return
    if shutil.which("dockerd") is None:
        pytest.skip(f"no Docker daemon runs ({running}), and there is no dockerd to start one")
    if os.geteuid() != 0:
        pytest.skip(f"no Docker daemon runs ({running}), and only root can start one")
    with tempfile.TemporaryDirectory(prefix="dockerd-", ignore_cleanup_errors=True) as folder:
        yield from _own(Path(folder))


def images(host: str) -> dict[str, str]:
    """The images of the recipes by service, made if need be; skips where there are no packages."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip("images are made of Debian packages, and there is no apt-get here")
    docker = ("docker", "--host", host)
    names = {name.partition(":")[0]: name for name in recipes()}
    made = {service: build(name, docker) for service, name in names.items()}
    return made | {"baked": bake(names["postgres"], docker)}


def _own(folder: Path) -> Iterator[str]:
    host = f"unix://{folder}/docker.sock"
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [
                *("dockerd", "--host", host, *_NO_FIREWALL, "--pidfile", str(folder / "pid")),
                *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    try:
        deadline = time.monotonic() + STARTING_S
        while not _answers(host):
            if process.poll() is not None or time.monotonic() > deadline:
                last = (folder / "log").read_text("utf-8", "replace").splitlines()[-1:]
                pytest.skip(f"dockerd does not start here: {' '.join(last)}")
            time.sleep(0.05)
        yield host
    finally:
        process.terminate()
        process.wait()


def _answers(host: str) -> bool:
    command = ["docker", "--host", host, "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
