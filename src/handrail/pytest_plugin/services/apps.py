"""Apps of the project's own: who has which for himself, in which order they start, what they logged."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

import pytest

from handrail.config.references import needs, stages
from handrail.frozen import dataclass
from handrail.model.services import Level
from handrail.model.tiers import Service
from handrail.pytest_plugin.internals import fixtures as internals
from handrail.pytest_plugin.services.levels import level_of
from handrail.services.fleet import Fleet, Server


class Span(StrEnum):
    """Whose an app is."""

    TEST = "test"
    MODULE = "module"
    WORKER = "worker"


_SPANS = {
    Level.SERVER: Span.TEST,
    Level.CLONE: Span.MODULE,
    Level.TRUNCATE: Span.WORKER,
    Level.SAVEPOINT: Span.WORKER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What apps need of the services beside them."""

    begin: Callable[[str], None]
    """Have a service started, without waiting."""
    url: Callable[[str], str]
    """Where the worker's own is."""


class Apps:
    """The apps of one pytest process. ``services``: all that are configured."""

    def __init__(self, fleet: Fleet, services: Mapping[str, Service], roles: Roles) -> None:
        self._fleet = fleet
        self._services = services
        self._roles = roles
        self._needs = {name: needs(service) for name, service in services.items()}
        self._running: dict[tuple[str, str], str] = {}
        """Names of instances, by app and by the node that it belongs to."""

    def is_app(self, name: str) -> bool:
        """Whether it is started by a command, here."""
        service = self._services.get(name)
        return service is not None and service.command is not None and service.url is None

    def get(self, name: str, item: pytest.Item) -> Server:
        """The app that this test has, once it is ready; what it needs is started first.

        Raises: NoBackendError, ServiceNotReadyError.
        """
        span = self._span(name, item)
        if not self._is_there(name, _owner(span, item).nodeid):
            self._begin(name, span, item)
        return self._server(name, span, item)

    def logs(self, item: pytest.Item) -> Iterator[tuple[str, str]]:
        """The end of what each app of this test printed, by the app's name."""
        nodes = {node.nodeid for node in item.listchain()}
        for (name, node), instance in self._running.items():
            if node in nodes:
                yield name, "\n".join(self._fleet.log(instance))

    def _begin(self, name: str, span: Span, item: pytest.Item) -> None:
        """Start it and the apps that it needs: those that need nothing of each other, together."""
        wanted = [each for stage in stages([name], self._needs) for each in stage]
        for each in wanted:
            if not self.is_app(each):
                self._roles.begin(each)
        owner = _owner(span, item)
        for each in wanted:
            if self.is_app(each) and not self._is_there(each, owner.nodeid):
                values = {
                    f"{other}.url": self._url(other, span, item) for other in self._needs[each]
                }
                instance = self._fleet.another_name(each)
                self._fleet.begin(each, instance, values)
                self._running[each, owner.nodeid] = instance
                if span is not Span.WORKER:
                    owner.addfinalizer(self._end(each, owner.nodeid))

    def _is_there(self, name: str, node: str) -> bool:
        """One that has ended and could not be started again is not."""
        instance = self._running.get((name, node))
        return instance is not None and self._fleet.has(instance)

    def _end(self, name: str, node: str) -> Callable[[], None]:
        def end() -> None:
            instance = self._running.pop((name, node), None)
            if instance is not None:
                self._fleet.stop(instance)

        return end

    def _server(self, name: str, span: Span, item: pytest.Item) -> Server:
        node = _owner(span, item).nodeid
        try:
            return self._fleet.get(name, self._running[name, node])
        except Exception:
            del self._running[name, node]  # whoever asks next has it tried again
            raise

    def _url(self, name: str, span: Span, item: pytest.Item) -> str:
        """Of what the owner of an app has for himself."""
        if self.is_app(name):
            return self._server(name, span, item).url
        if span is Span.WORKER or not internals.has_fixture(item, name):
            return self._roles.url(name)
        fixture = name if span is Span.TEST else f"_{name}_of_module"
        return str(internals.fixture_value(item, fixture).url)

    def _span(self, name: str, item: pytest.Item) -> Span:
        match level_of(item):
            case None | Level.SAVEPOINT:
                return _SPANS[Level(self._services[name].isolation or Level.CLONE)]
            case Level.TRUNCATE:
                return Span.WORKER  # whose database it has
            case _:
                return Span.TEST  # for it has another database than its module


def _owner(span: Span, item: pytest.Item) -> pytest.Item | pytest.Collector:
    match span:
        case Span.TEST:
            return item
        case Span.MODULE:
            return item.getparent(pytest.Module) or item
        case Span.WORKER:
            return item.session
