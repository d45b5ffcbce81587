"""The services of one pytest process: started when they are first needed, watched, ended with it."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from handrail.errors import UserError
from handrail.frozen import dataclass, replace
from handrail.model.services import Address, Probe, Ready, Running, Start
from handrail.model.tiers import Service
from handrail.services.addresses import own_host
from handrail.services.backends import Backend, choose
from handrail.services.compose import stack, url_of
from handrail.services.recipe import Place, Recipe
from handrail.services.sessions import base_folder
from handrail.services.supervision import Supervision, environment, log_of, log_tail
from handrail.services.urls import address_of, check_reachable, without_driver


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers."""

    service: str
    """As in the configuration."""
    name: str
    """Of this instance."""
    url: str
    address: Address
    backend: str
    running: Running | None = None
    """None where it was there already."""


class NotOursError(UserError):
    """A server of one's own is wanted of a service that somebody else runs."""

    reference = "not-ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A server that ended while it was needed."""

    server: Server
    why: str


Prepare = Callable[[Service, Start], Start]
"""Gives an order what it needs that takes a moment: a data folder to begin with."""


_NOTHING: Mapping[str, str] = {}


class Fleet:
    """Close it at the end; if nobody does, everything ends with this process all the same."""

    def __init__(
        self,
        services: Mapping[str, Service],
        recipes: Mapping[str, Recipe],
        backends: Sequence[Backend],
        base: Path | None = None,
    ) -> None:
        self._services = services
        self._recipes = recipes
        self._backends = backends
        self._base = base
        self._supervision: Supervision | None = None
        self._process = os.getpid()
        self._begun: dict[str, tuple[Service, Backend, Start]] = {}
        self._servers: dict[str, Server] = {}
        self._count = 0
        self._ports: dict[int, int] = {}
        self.used: dict[str, set[str]] = {}
        """The back ends of each service that this process had a server from."""
        self.waiting: Callable[[], AbstractContextManager[None]] = nullcontext
        """Entered while something is prepared, started or stopped: that is nobody's time."""
        self.prepare: dict[str, Prepare] = {}
        """By service; what must be done before its first server of this process is started."""

    @property
    def supervision(self) -> Supervision:
        """Of this process; one that was forked since has its own."""
        if self._supervision is None or self._process != os.getpid():
            self._process = os.getpid()
            self._begun, self._servers, self._ports = {}, {}, {}
            self._supervision = Supervision(self._base or base_folder())
        return self._supervision

    def begin(self, service: str, name: str = "", values: Mapping[str, str] = _NOTHING) -> None:
        """Have a server started, without waiting; one that is there or under way is left alone.

        ``values``: what stands for ``{NAME.url}`` in the settings of an app.
        """
        name = name or service
        settings = self._services[service]
        if settings.url is not None:
            if name not in self._servers:
                self._servers[name] = self._external(settings, settings.url)
            return
        supervision = self.supervision
        if name in self._begun or name in self._servers:
            return
        recipe = self._recipe(settings)
        backend = choose(settings, recipe, self._backends)
        start = backend.order(settings, recipe, self._place(name, recipe, values))
        if service in self.prepare and backend.name == "native":
            with self.waiting():
                start = self.prepare[service](settings, start)
        self._begun[name] = (settings, backend, start)
        supervision.begin(start)

    def backend(self, service: str) -> str:
        """The name of what starts it here; ``url`` where it runs already. Raises: NoBackendError."""
        settings = self._services[service]
        if settings.url is not None:
            return "url"
        return choose(settings, self._recipe(settings), self._backends).name

    def get(self, service: str, name: str = "") -> Server:
        """A server that answers: this process's own, or the instance of that name.

        Raises: NoBackendError, ServiceNotReadyError, UnreachableError.
        """
        self.begin(service, name)
        name = name or service
        if name in self._servers:
            self.used.setdefault(service, set()).add(self._servers[name].backend)
        else:
            backend = self._begun[name][1]
            try:
                with self.waiting():
                    running = self.supervision.result(name)
            except Exception:
                del self._begun[name]
                raise
            self._servers[name] = Server(
                service=service,
                name=name,
                url=self._url(service, running.address),
                address=running.address,
                backend=backend.name,
                running=running,
            )
            self.used.setdefault(service, set()).add(backend.name)
        return self._servers[name]

    def has(self, name: str) -> bool:
        """Whether that instance is there, or under way."""
        return name in self._begun or name in self._servers

    def log(self, name: str) -> list[str]:
        """The end of what that instance has printed, ready or not; nothing if there is none."""
        begun = self._begun.get(name)
        return [] if begun is None else log_tail(log_of(begun[2]))

    def another_name(self, service: str) -> str:
        """Of a further instance. Raises: NotOursError where it runs at a URL."""
        if self._services[service].url is not None:
            raise NotOursError(
                f"{service} runs at a URL, so nobody can have a server of it",
                where=f"tool.handrail.services.{service}.url is set",
                hint='use isolation("clone"), or leave the URL out',
            )
        self._count += 1
        return f"{service}.{self._count + 1}"

    def stop(self, name: str) -> None:
        """Stop that instance; its folder goes too."""
        begun = self._begun.pop(name, None)
        self._servers.pop(name, None)
        if begun is not None:
            with self.waiting():
                self.supervision.stop(name)

    def losses(self) -> list[Loss]:
        """Servers that ended unasked since this was last called. Cheap: it is called after each test."""
        if self._supervision is None or self._process != os.getpid():
            return []
        return [
            Loss(server=self._servers[each.name], why=each.why)
            for each in self._supervision.ended()
            if each.name in self._servers
        ]

    def revive(self, name: str) -> Server:
        """Start a server that has ended again, on the data that it left."""
        settings, backend, start = self._begun[name]
        lost = self._servers.pop(name)
        # Who was told where it listens must find it there again.
        address = lost.address if start.listens else start.address
        start = replace(start, copy_of="", address=address)
        self._begun[name] = (settings, backend, start)
        self.supervision.begin(start)
        return self.get(settings.name, name)

    def ready_of(self, server: Server) -> Ready:
        """How that server is asked whether it answers."""
        begun = self._begun.get(server.name)
        if begun is not None:
            return begun[2].ready
        recipe = self._recipes.get(server.service)
        return recipe.image.ready if recipe and recipe.image else Ready(probe=Probe.TCP)

    def detach(self) -> int:
        """Let what was started go on without this process; the supervisor's pid, 0 if there is none."""
        if self._supervision is None or self._process != os.getpid():
            return 0
        pid, self._supervision = self._supervision.detach(), None
        return pid

    def close(self) -> None:
        """End everything; return when nothing is left."""
        if self._supervision is not None and self._process == os.getpid():
            self._supervision.close()
        self._supervision = None
        self._begun, self._servers = {}, {}

    def _recipe(self, settings: Service) -> Recipe:
        if settings.name in self._recipes or settings.compose is None:
            return self._recipes[settings.name]
        return stack(settings)

    def _url(self, service: str, address: Address) -> str:
        settings = self._services[service]
        return url_of(settings, self._recipe(settings), address)

    def _place(self, name: str, recipe: Recipe, values: Mapping[str, str]) -> Place:
        port = self._ports.get(recipe.default_port, recipe.default_port)
        self._ports[recipe.default_port] = port + 1
        return Place(
            name=name,
            folder=str(self.supervision.folder / name),
            host=own_host(self.supervision.pid),
            port=port,
            env=environment({}),
            values=values,
        )

    def _external(self, service: Service, url: str) -> Server:
        recipe = self._recipes.get(service.name)
        usual_port = 0 if recipe is None else recipe.default_port
        check_reachable(service.name, url, usual_port)
        return Server(
            service=service.name,
            name=service.name,
            url=without_driver(url),
            address=address_of(url, usual_port),
            backend="url",
        )
