"""What containers cost: ours, those of testcontainers, those of pytest-databases, and no container.

``python bench/containers.py``: 12 modules of 5 tests with Postgres and Redis, two workers, in turns, with
images that are made of Debian packages. Needs docker and a daemon, or root and dockerd.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import environment
import service_suites
import tables
from environment import ROOT, Environment
from services import HEADER, Finding

NEEDED = (
    *("pytest", "pytest-xdist", "psycopg[binary]", "redis", "sqlalchemy", "docker"),
    *("testcontainers", "pytest-databases[postgres,redis]"),
)
MODULES, TESTS = 12, 5
XDIST = ("pytest", "-q", "-p", "xdist.plugin", "-n", "2", "--dist", "loadfile")
OURS = ("handrail", "run", "-n", "2")


class Bench:
    """A daemon with images, and where projects are."""

    def __init__(
        self, tools: Environment, root: Path, host: str, images: Mapping[str, str]
    ) -> None:
        self._tools = tools
        self._root = root
        self._environ = tools.variables() | {
            "DOCKER_HOST": host,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "TESTCONTAINERS_RYUK_DISABLED": "true",  # its image comes from a registry
        }
        self.images = images

    def project(self, name: str, body: str, conftest: str = "", configured: str = "") -> Path:
        """A project of that many modules, all alike."""
        folder = self._root / name
        modules = {f"m{number:02}": body for number in range(MODULES)}
        service_suites.write(folder, self._root / "homes", modules, conftest)
        (folder / "pyproject.toml").write_text(configured)
        return folder

    def run(self, folder: Path, words: tuple[str, ...]) -> float:
        """Run it to its end; the seconds that it took."""
        script, *arguments = words
        began = time.perf_counter()
        with open(folder / "said.log", "wb") as log:
            code = subprocess.run(
                [self._tools.script(script), *arguments],
                cwd=folder, env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
            ).returncode  # fmt: skip
        took_s = time.perf_counter() - began
        if code:
            said = (folder / "said.log").read_text(errors="replace").splitlines()
            sys.exit("\n  ".join([f"{folder.name}: exit code {code}", *said[-30:]]))
        return took_s


def added(bench: Bench, rounds: int) -> list[Finding]:
    """Seconds that each way adds to tests of nothing."""
    body = service_suites.both(TESTS)
    peer = service_suites.both_by_url(TESTS)
    ways: dict[str, Callable[[], float]] = {
        "bare": partial(bench.run, bench.project("bare", service_suites.bare(TESTS)), OURS),
        "bare, xdist": partial(
            bench.run, bench.project("bare-xdist", service_suites.bare(TESTS)), XDIST
        ),
        "native": partial(
            bench.run, bench.project("native", body, configured=service_suites.NATIVE), OURS
        ),
        "docker": partial(
            bench.run,
            bench.project("docker", body, configured=service_suites.docker(bench.images)),
            OURS,
        ),
        "testcontainers": partial(
            bench.run,
            bench.project("testcontainers", peer, service_suites.testcontainers(bench.images)),
            XDIST,
        ),
        "pytest-databases": partial(
            bench.run,
            bench.project("pytest-databases", peer, service_suites.pytest_databases(bench.images)),
            (*XDIST, *service_suites.PYTEST_DATABASES),
        ),
    }
    walls: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            print(f"{name}: round {number} of {rounds}", file=sys.stderr)
            took_s = way()
            if number:
                walls[name].append(took_s)
    median = {name: statistics.median(taken) for name, taken in walls.items()}
    native, docker = (median[name] - median["bare"] for name in ("native", "docker"))
    containers, shared = (
        median[name] - median["bare, xdist"] for name in ("testcontainers", "pytest-databases")
    )
    return [
        Finding(what="added, native, next to testcontainers", value=native, unit="s", peer=containers, at_most=0.8),
        Finding(what="added, native, next to pytest-databases", value=native, unit="s", peer=shared),
        Finding(what="added, our containers, next to testcontainers", value=docker, unit="s", peer=containers, at_most=3.0),
        Finding(what="added, our containers, next to pytest-databases", value=docker, unit="s", peer=shared),
    ]  # fmt: skip


def main() -> int:
    """Measure, print the table; exit 1 if a bound was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests" / "images"))
    import daemons  # the tests' own daemon and images
    import pytest

    tools = environment.create(environment.TOOLS / "containers", NEEDED, editable=(ROOT,))
    try:
        with daemons.daemon() as host, tempfile.TemporaryDirectory() as root:
            bench = Bench(tools, Path(root), host, daemons.images(host))
            findings = added(bench, arguments.rounds)
    except pytest.skip.Exception as reason:
        sys.exit(f"error: {reason}\n\nhint: install docker, and start its daemon or be root")
    print(tables.text(HEADER, [each.row for each in findings]))
    load, processors = os.getloadavg()[1], len(os.sched_getaffinity(0))
    print(f"load: {load:.1f} on {processors} processors; times mean little where it is higher")
    if arguments.json:
        arguments.json.write_text(json.dumps([each.row for each in findings]))
    return int(any(each.row[-1] == "MISS" for each in findings))


if __name__ == "__main__":
    sys.exit(main())
