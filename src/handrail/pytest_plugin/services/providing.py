"""The services of this pytest process, behind its fixtures."""

import contextlib
import importlib
import os
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from handrail.errors import UserError
from handrail.model.services import Level
from handrail.model.tiers import Service
from handrail.pytest_plugin.services.apps import Apps, Roles
from handrail.pytest_plugin.services.levels import level_of
from handrail.services import handles, usual
from handrail.services.fleet import Server
from handrail.services.isolate.mariadb import MariaData
from handrail.services.isolate.postgres import Postgres
from handrail.services.isolate.resets import RESETS
from handrail.services.isolate.servers import Servers
from handrail.services.recipes.all import RECIPES
from handrail.services.snapshots import Snapshots


class ServiceLostWarning(UserWarning):
    """A service ended during a test that did not stop it by itself."""


KEY = pytest.StashKey["Providing"]()
_CLIENTS = {
    "_postgres_of_module": "psycopg",
    "_engines_of_module": "sqlalchemy.orm",
    "_async_engines_of_module": "sqlalchemy.ext.asyncio",
    "_redis_of_module": "redis",
    "_valkey_of_module": "redis",
}
"""Libraries that tests use with these fixtures: each takes about as long to import as a server to start."""


class Providing:
    """A pytest plugin: looks after servers between tests, and ends them with the session."""

    def __init__(
        self,
        config: pytest.Config,
        services: tuple[Service, ...],
        state: Path,
        folder: str | None,
    ) -> None:
        self.services = {service.name: service for service in services}
        self._config = config
        self.fleet, self._native = usual.usual_fleet(
            self.services, os.environ, folder, config.rootpath, self._say
        )
        self.fleet.waiting = self._waiting
        self._apps = Apps(self.fleet, self.services, Roles(begin=self._begin, url=self._url))
        self._item: pytest.Item | None = None
        """The test that is under way."""
        self._snapshots = Snapshots(state / "snapshots", self._say)
        self._postgres: Postgres | None = None
        self._servers: dict[str, Servers] = {}
        self._is_open = False
        self._prepared: set[str] = set()
        """Fixtures whose servers and clients were seen to."""
        self._told: set[str] = set()
        """Stacks whose variables are set."""
        self._until_the_end = contextlib.ExitStack()

    @property
    def postgres(self) -> Postgres:
        """Raises: KeyError where none is configured."""
        if self._postgres is None:
            service = self.services["postgres"]
            self._postgres = Postgres(
                self.fleet, service, self._native, self._snapshots, self._config.rootpath
            )
        return self._postgres

    @property
    def redis(self) -> Servers:
        """Raises: KeyError where none is configured."""
        return self.servers("redis")

    def servers(self, service: str) -> Servers:
        """Those of a service whose modules have servers of their own. Raises: KeyError."""
        if service not in self._servers:
            settings = self.services[service]
            if service == "mariadb" and settings.url is None:
                MariaData(
                    self.fleet, settings, self._native, self._snapshots, self._config.rootpath
                )
            self._servers[service] = Servers(
                self.fleet,
                service,
                reset=RESETS.get(service),
                is_shared=settings.url is not None,
            )
        return self._servers[service]

    @contextlib.contextmanager
    def own(self, service: str, level: Level | None = None) -> Iterator[Server]:
        """A server of one's own, with the environment variables of its configuration."""
        servers = self.servers(service)
        with (
            servers.own(level or self.usual_level(service)) as server,
            self.variables(service, server.url),
        ):
            yield server

    @contextlib.contextmanager
    def for_test(self, service: str, item: pytest.Item, of_module: Server) -> Iterator[Server]:
        """The module's server, wherever it is now; or what the test's mark asks for."""
        level = level_of(item)
        if level in {None, Level.SAVEPOINT}:
            yield self.servers(service).now(of_module)
            return
        with self.own(service, level) as server:
            yield server

    def note(self, service: str) -> str:
        """What a person must know of it: that it is a mock, say; nothing of what runs elsewhere."""
        return usual.note(self.services[service])

    def open_template(self) -> handles.Postgres:
        """The database that others are copied from, until it is sealed."""
        self._is_open = True
        return handles.Postgres(url=self.postgres.open_template())

    def seal_template(self, *, is_overridden: bool) -> None:
        """From now on it is copied. ``is_overridden``: a fixture of the project's has filled it."""
        if self._is_open:
            self._is_open = False
            self.postgres.seal_template(is_changed=is_overridden)

    def usual_level(self, service: str) -> Level:
        """What a module has for itself."""
        recipe = RECIPES.get(service)
        usual = Level.CLONE if recipe is None else recipe.usual
        return Level(self.services[service].isolation or usual)

    def get(self, service: str) -> handles.Service:
        """Where it is, once it answers."""
        server = self._server(service)
        if self.services[service].compose is not None and service not in self._told:
            self._told.add(service)
            self._until_the_end.enter_context(self.variables(service, server.url))
        return handles.Service(
            name=service,
            url=self._url(service) if service == "postgres" else server.url,
            host=server.address.host,
            port=server.address.port,
            note=self.note(service),
        )

    def _server(self, service: str) -> Server:
        if self._apps.is_app(service):
            if self._item is None:
                raise pytest.UsageError(f"services.{service} exists only while a test runs")
            return self._apps.get(service, self._item)
        owner = self.postgres if service == "postgres" else self.servers(service)
        return owner.server()

    def _begin(self, service: str) -> None:
        """Have what an app needs started, without waiting."""
        if service == "postgres":
            self.postgres.begin()
        else:
            self.servers(service).begin(self.usual_level(service))

    def _url(self, service: str) -> str:
        """Of what this process has for itself, and no module or test."""
        if service != "postgres":
            return self.servers(service).server().url
        with self.postgres.own(Level.SAVEPOINT) as database:
            return database.url

    @contextlib.contextmanager
    def variables(self, service: str, url: str) -> Iterator[None]:
        """Set its environment variables, and those of its configuration, for as long as this lasts."""
        settings, recipe = self.services[service], RECIPES.get(service)
        usual = recipe.variables if recipe is not None and settings.url is None else {}
        texts = {**usual, **dict(settings.env)}
        wanted = {name: value.replace("{url}", url) for name, value in texts.items()}
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def pytest_report_header(self) -> list[str]:
        """Say of each service that is not the real thing what it is."""
        noted = [(name, self.note(name)) for name in self.services]
        return [f"handrail: {name} is {note}" for name, note in noted if note]

    def _waiting(self) -> contextlib.AbstractContextManager[None]:
        """Stop the clock of the test that is under way, where Handrail has one."""
        plugins = self._config.pluginmanager
        bounded: Any = plugins.get_plugin("handrail-worker") or plugins.get_plugin("handrail-run")
        if self._item is None or not hasattr(bounded, "without_clock"):
            return contextlib.nullcontext()
        clock: contextlib.AbstractContextManager[None] = bounded.without_clock()
        return clock

    # Between tests.

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Iterator[None]:
        """Begin what the test and the next one need; revive what it ended, and say which test it was."""
        self._item = item
        self._prepare(item)
        if nextitem is not None and type(nextitem).__name__ != "LazyNext":
            self._prepare(nextitem)  # only to look at that one would ask for it
        result = yield
        self._item = None
        for loss in self.fleet.losses():
            name = loss.server.name
            if self._postgres is not None:
                self._postgres.lost(name)
            try:
                server = self.fleet.revive(name)
                if self._postgres is not None:
                    self._postgres.revived(server)
                then = "it was started again"
            except UserError as error:
                then = f"it could not be started again: {error}"
            path, line, _ = item.location
            lost = ServiceLostWarning(f"{name} {loss.why} during this test; {then}")
            _tell(item.ihook, lost, item.nodeid, path, (line or 0) + 1)
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, Any]:
        """What somebody can fix is shown without our own lines around it; and beside a failure, what
        apps have printed and what a session hides from them.
        """
        report = yield
        if call.excinfo is not None and isinstance(call.excinfo.value, UserError):
            report.longrepr = call.excinfo.getrepr(style="value")
        if report.failed:
            for name, text in self._apps.logs(item):
                report.sections.append((f"end of the log of {name}", text))
            if report.when == "call":
                report.sections += _hidden(item)
        return report

    def _prepare(self, item: pytest.Item) -> None:
        """Have the servers started that its fixtures will ask for, all at the same time, and import
        meanwhile what their clients are.
        """
        names = set(getattr(item, "fixturenames", ())) - self._prepared
        self._prepared |= names
        for service in self.services:
            if ("_providing" if service == "postgres" else f"_{service}_of_module") in names:
                with contextlib.suppress(UserError):  # the fixture will say it
                    self._begin(service)
        for library in (library for name, library in _CLIENTS.items() if name in names):
            with contextlib.suppress(Exception):  # whoever needs it will say it
                importlib.import_module(library)

    def pytest_unconfigure(self) -> None:
        """End everything."""
        self._until_the_end.close()
        if self._postgres is not None:
            self._postgres.close()
        self.fleet.close()

    def _say(self, text: str) -> None:
        _tell(self._config.hook, UserWarning(text), "", str(self._config.inipath or ""), 1)


def _hidden(item: pytest.Item) -> list[tuple[str, str]]:
    """What to say if a test has a session that is rolled back and others are connected too."""
    session = (getattr(item, "funcargs", None) or {}).get("postgres_session")
    others = 0 if session is None else _other_connections(session)
    if not others:
        return []
    text = (
        f"{others} other connection{'s' * (others > 1)} to this database saw nothing of "
        'what the session did: mark the test isolation("clone") and use postgres'
    )
    return [("postgres_session", text)]


def _other_connections(session: Any) -> int:
    """How many other clients are connected to the database of a SQLAlchemy session."""
    with contextlib.suppress(Exception):  # the session may be broken: that is what failed
        text = handles.need("sqlalchemy", "postgres", "postgres_session").text
        with session.get_bind().engine.connect() as connection:
            return int(connection.execute(text(_OTHERS)).scalar()) - 1
    return 0


_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
"""


def _tell(hook: Any, warning: Warning, nodeid: str, path: str, line: int) -> None:
    """Have a warning shown at the end; a filter that makes errors of them does not matter."""
    message = warnings.WarningMessage(warning, type(warning), path, line)
    hook.pytest_warning_recorded.call_historic(
        kwargs={"warning_message": message, "when": "runtest", "nodeid": nodeid, "location": None}
    )
