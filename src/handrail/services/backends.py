"""The ways to get a server: where it runs already, a program of this machine, Docker."""

import os
import pwd
from collections.abc import Mapping, Sequence
from typing import Protocol

from handrail.errors import ExitCode, UserError
from handrail.frozen import replace
from handrail.model.services import Start
from handrail.model.tiers import Service
from handrail.services.finding import Programs, find
from handrail.services.recipe import Place, Recipe


class NoBackendError(UserError):
    """Nothing here can start it."""

    reference = "no-backend"
    exit_code = ExitCode.INFRA_ERROR


class Backend(Protocol):
    """One way to run servers."""

    @property
    def name(self) -> str:
        """As in the configuration."""
        ...

    def refusal(self, service: Service, recipe: Recipe) -> str:
        """Say what is missing, or nothing if an order is worth trying. Starts no server."""
        ...

    def order(self, service: Service, recipe: Recipe, place: Place) -> Start:
        """The order that starts it there."""
        ...


class Native:
    """A program of this machine."""

    name = "native"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._path = environ.get("PATH", os.defpath)
        self._found: dict[tuple[str, str | None], tuple[Programs | None, str]] = {}

    def programs(self, service: Service, recipe: Recipe) -> tuple[Programs | None, str]:
        """What will run, or why there is nothing."""
        asked = (recipe.name, service.version)
        if asked not in self._found:
            self._found[asked] = find(recipe.wanted, self._path, service.version)
        return self._found[asked]

    def refusal(self, service: Service, recipe: Recipe) -> str:
        """No program."""
        return self.programs(service, recipe)[1]

    def order(self, service: Service, recipe: Recipe, place: Place) -> Start:
        """As the recipe says, as another user where it refuses to be root."""
        programs, why = self.programs(service, recipe)
        if programs is None:
            raise NoBackendError(why)
        start = recipe.start(programs, place)
        return replace(
            start,
            argv=(*start.argv, *recipe.limits(service)),
            owner=owner_for(recipe),
            memory_bytes=service.memory_bytes,
        )


def owner_for(recipe: Recipe) -> tuple[int, int] | None:
    """Who its server must run as: somebody else if this is root and it refuses that."""
    if not recipe.drops_root or os.geteuid() != 0:
        return None
    for name in (recipe.name, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise NoBackendError(
        f"{recipe.name} refuses to run as root, and there is no other user",
        hint=f"run as somebody else, or create the user {recipe.name}",
    )


def choose(service: Service, recipe: Recipe, backends: Sequence[Backend]) -> Backend:
    """The first back end that is allowed and does not refuse. Raises: NoBackendError."""
    refusals = []
    for backend in backends:
        if _is_allowed(service, backend):
            why = backend.refusal(service, recipe)
            if not why:
                return backend
            refusals.append(f"{backend.name}: {why}")
    extra = f"pip install 'handrail[{recipe.extra}]', " if recipe.extra else ""
    program = "start Docker, " if service.compose else f"{extra}install the server, "
    raise NoBackendError(
        f"nothing here can start {service.name}",
        where="\n".join(refusals),
        hint=f"{program}or set tool.handrail.services.{service.name}.url",
    )


def _is_allowed(service: Service, backend: Backend) -> bool:
    if service.compose is not None or backend.name == "compose":
        return backend.name == "compose" and bool(service.compose)
    return service.backend in {"auto", backend.name}
