"""Servers that go on when whoever started them is gone: what is known of them, and their end."""

import contextlib
import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from handrail.config.references import needs, stages
from handrail.frozen import dataclass, replace
from handrail.model.services import Address, Probe, Ready
from handrail.model.tiers import Service
from handrail.services.asking import answers
from handrail.services.fleet import Fleet, Server
from handrail.services.isolate.mariadb import MariaData
from handrail.services.isolate.postgres import Postgres, database_url
from handrail.services.keeping import Kept
from handrail.services.sessions import sweep
from handrail.services.snapshots import Snapshots
from handrail.services.usual import usual_fleet
from handrail.system import processes

DATABASE = "dev"
"""The database of a Postgres that is started for a person."""
_GOING_S = 15.0
"""How long a supervisor may take to end."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """A service that goes on by itself."""

    name: str
    url: str
    backend: str
    since: float
    """Seconds since the epoch."""
    supervisor: int
    """Its process; 0 where somebody else runs the service."""
    supervisor_began: str
    """By which that process is known again: a process id may be somebody else's by tomorrow."""
    pid: int
    folder: str
    address: Address
    probe: Probe
    http_path: str = "/"
    test: str = ""
    """The failed test for which it is kept; empty if a person asked for it."""

    @property
    def log(self) -> str:
        """Path of everything that it prints; empty where somebody else runs it."""
        return f"{self.folder}.log" if self.folder else ""

    @property
    def is_supervised(self) -> bool:
        """Whether the very supervisor still runs."""
        return self.supervisor != 0 and _began(self.supervisor) == self.supervisor_began != ""

    @property
    def is_running(self) -> bool:
        """Whether its process runs: a child of its supervisor, or one of somebody else."""
        if not self.supervisor:
            return True
        fields = processes.stat(self.pid)
        is_its_child = processes.is_alive(fields) and int(fields[1]) == self.supervisor
        return self.is_supervised and is_its_child

    def answers(self) -> bool:
        """Whether it does, just now."""
        ready = Ready(probe=self.probe, http_path=self.http_path)
        try:
            return self.is_running and answers(self.address, ready)
        except OSError:
            return False

    def memory_bytes(self) -> tuple[int, int]:
        """Resident memory of all its processes, and of shared pages its part (PSS)."""
        if not self.supervisor or not self.is_running:
            return 0, 0
        pids = {self.pid} | processes.below(self.pid)
        resident = sum(map(processes.resident_bytes, pids))
        return resident, sum(map(processes.proportional_bytes, pids))


def _began(pid: int) -> str:
    """When a process began, and since which start of the machine; empty if it is gone."""
    fields = processes.stat(pid)
    if not processes.is_alive(fields):
        return ""
    boot = _BOOT.read_text("ascii").strip() if _BOOT.exists() else ""
    return f"{boot}:{fields[19]}"


# What is known.


def load(path: Path) -> list[Lasting]:
    """What the file says; nothing if there is none, or none that can be understood."""
    try:
        return [_unpacked(each) for each in json.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []


def packed(lasting: Iterable[Lasting]) -> bytes:
    """As ``load`` reads it."""
    return json.dumps([_packed(each) for each in lasting], indent=1).encode()


def _packed(lasting: Lasting) -> dict[str, Any]:
    fields = {name: getattr(lasting, name) for name in lasting.__slots__}
    address = {name: getattr(lasting.address, name) for name in lasting.address.__slots__}
    return fields | {"address": address}


def _unpacked(fields: dict[str, Any]) -> Lasting:
    address, probe = Address(**fields["address"]), Probe(fields["probe"])
    return Lasting(**fields | {"address": address, "probe": probe})


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else changes what is known meanwhile."""
    with open(path.with_suffix(".lock"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# Their beginning.


def start(
    services: Mapping[str, Service],
    wanted: Sequence[str],
    running: Iterable[Lasting],
    *,
    root: Path,
    snapshots: Snapshots,
    environ: Mapping[str, str],
    folder: str | None,
    say: Callable[[str], None],
) -> list[Lasting]:
    """Start those ``wanted``; they go on by themselves. Those ``running`` serve as they are.

    Raises: NoBackendError, ServiceNotReadyError, ...; then nothing new is left running.
    """
    there = {each.name: replace(services[each.name], url=each.url) for each in running}
    fleet, native = usual_fleet({**services, **there}, environ, folder, root, say)
    try:
        if "postgres" in wanted:
            postgres = Postgres(fleet, services["postgres"], native, snapshots, root)
        if "mariadb" in wanted and services["mariadb"].url is None:
            MariaData(fleet, services["mariadb"], native, snapshots, root)
        servers: dict[str, Server] = {}
        urls = {each.name: each.url for each in running}
        needed = {name: needs(service) for name, service in services.items()}
        for stage in stages(wanted, needed):
            begun = [name for name in stage if name not in urls]
            for name in begun:
                fleet.begin(name, values={f"{each}.url": urls[each] for each in needed[name]})
            for name in begun:
                servers[name] = fleet.get(name)
                urls[name] = servers[name].url
            if "postgres" in begun and servers["postgres"].running is not None:
                urls["postgres"] = postgres.add(DATABASE).url
                postgres.close()
        return detached(fleet, servers, urls)
    finally:
        fleet.close()


def start_kept(
    kept: Kept,
    service: Service,
    *,
    root: Path,
    environ: Mapping[str, str],
    folder: str | None,
    say: Callable[[str], None],
) -> Lasting:
    """A server on the data that was kept for a failed test; it goes on by itself.

    Raises: NoBackendError, ServiceNotReadyError.
    """
    ours = replace(service, url=None)
    fleet, _ = usual_fleet({service.name: ours}, environ, folder, root, say)
    fleet.prepare[service.name] = lambda _, order: replace(order, copy_of=str(kept.folder))
    try:
        server = fleet.get(service.name)
        url = database_url(server.url, kept.database)
        (found,) = detached(fleet, {service.name: server}, {service.name: url}, kept.test)
        return found
    finally:
        fleet.close()


def detached(
    fleet: Fleet, servers: Mapping[str, Server], urls: Mapping[str, str], test: str = ""
) -> list[Lasting]:
    """Let these go on without this process."""
    supervisor = fleet.detach()
    now = time.time()
    return [
        Lasting(
            name=name,
            url=urls[name],
            backend=server.backend,
            since=now,
            supervisor=supervisor if server.running is not None else 0,
            supervisor_began=_began(supervisor) if server.running is not None else "",
            pid=server.running.pid if server.running is not None else 0,
            folder=server.running.log.removesuffix(".log") if server.running is not None else "",
            address=server.address,
            probe=fleet.ready_of(server).probe,
            http_path=fleet.ready_of(server).http_path,
            test=test,
        )
        for name, server in servers.items()
    ]


# Their end.


def end(lasting: Sequence[Lasting]) -> None:
    """End their supervisors, and with them everything; return when nothing is left."""
    for each in lasting:
        if each.is_supervised:
            _end(each.supervisor)
    for base in {Path(each.folder).parent.parent for each in lasting if each.folder}:
        sweep(base)  # what a supervisor left that was killed


def _end(supervisor: int) -> None:
    descriptor = processes.pidfd(supervisor)
    with contextlib.suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGTERM)
    if descriptor >= 0:
        select.select([descriptor], [], [], _GOING_S)
        os.close(descriptor)
    with contextlib.suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGKILL)
