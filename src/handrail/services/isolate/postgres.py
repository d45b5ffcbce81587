"""Postgres for modules and tests: a template made once, databases of one's own, an own server."""

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from handrail.errors import UserError
from handrail.frozen import dataclass, replace
from handrail.model.services import Level, Start
from handrail.model.tiers import Service
from handrail.services.backends import Native, owner_for
from handrail.services.finding import Programs, identity
from handrail.services.fleet import Fleet, Server
from handrail.services.isolate.building import elsewhere
from handrail.services.isolate.databases import TEMPLATE, Databases, make_template, seal
from handrail.services.isolate.lease import Lease
from handrail.services.keeping import keep
from handrail.services.libpq import LibpqConnection
from handrail.services.postgres_wire import Connection, Session, quoted
from handrail.services.recipes.postgres import IDENTITY, POSTGRES, make_data_folder
from handrail.services.snapshots import Snapshots, key
from handrail.services.templates import Template, TemplateError

_EMPTY = {"docker", "compose"}
"""Back ends whose servers have no template to begin with."""
_SIGINT = 2
"""Ends Postgres without waiting for clients, but writes everything down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database that is somebody's own, and where it is."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        """For any client: ``postgresql://user@host:port/name``."""
        return database_url(self.server.url, self.name)


def database_url(url: str, name: str) -> str:
    """The same server, that database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{quote(name)}"))


def named_database(url: str) -> str:
    """The one that a URL names."""
    return unquote(urlsplit(url).path.lstrip("/")) or "postgres"


def connect(server: Server, database: str) -> Session:
    """A session of our own. Raises: MissingClientError, UnreachableError."""
    if server.backend == "url":
        return LibpqConnection(server.service, database_url(server.url, database))
    user = urlsplit(server.url).username or "postgres"
    return Connection(server.address, database=database, user=user)


class Postgres:
    """The Postgres of one pytest process. Nothing is started before it is asked for."""

    def __init__(
        self,
        fleet: Fleet,
        service: Service,
        native: Native,
        snapshots: Snapshots,
        root: Path,
    ) -> None:
        self._fleet = fleet
        self._service = service
        self._native = native
        self._snapshots = snapshots
        self._template = (
            None if service.template is None else Template(text=service.template, root=root)
        )
        self._databases: dict[str, Databases] = {}
        self._lease: Lease | None = None
        self._failed: UserError | None = None
        """Why there is no data to start from."""
        self._names_before: dict[str, tuple[str, ...]] = {}
        """Databases that a server had which has ended."""
        self._numbers = itertools.count(1)
        self._is_changed = False
        self._kept: tuple[str, ...] | None = None
        self._shared: Database | None = None
        fleet.prepare[service.name] = self._with_data

    def begin(self) -> None:
        """Have the server started, without waiting."""
        self._fleet.begin(self._service.name)

    def server(self) -> Server:
        """The one that this process has for itself."""
        return self._fleet.get(self._service.name)

    @contextlib.contextmanager
    def own(self, level: Level) -> Iterator[Database]:
        """As much as ``level`` says, for as long as the context lasts."""
        match level:
            case Level.CLONE:
                databases = self._with_template(self.server())
                database = Database(server=self.server(), name=databases.take())
                try:
                    yield database
                finally:
                    if self._databases.get(database.server.name) is databases:
                        databases.give_back(database.name)
            case Level.SERVER:
                if self._is_changed:
                    raise TemplateError(
                        "a server of one's own begins with the configured template, but the fixture "
                        "postgres_template has added to it",
                        hint="do that in `template` of [tool.handrail.services.postgres], or use "
                        'isolation("clone")',
                    )
                name = self._fleet.another_name(self._service.name)
                server = self._fleet.get(self._service.name, name)
                try:
                    yield Database(server=server, name=self._on(server).take())
                finally:
                    self._databases.pop(name).forget()
                    self._fleet.stop(name)
            case Level.SAVEPOINT:
                yield self._everybodys()
            case Level.TRUNCATE:
                database = self._everybodys()
                databases = self._on(database.server)
                with contextlib.nullcontext() if self._lease is None else self._lease.alone():
                    if self._kept is None:
                        self._kept = databases.filled(database.name)
                    try:
                        yield database
                    finally:
                        databases.empty(database.name, self._kept)

    def add(self, name: str) -> Database:
        """A copy of the template that nobody here owns: whoever uses the server knows its name."""
        server = self.server()
        self._on(server).make(name)
        return Database(server=server, name=name)

    def keep(self, url: str, base: Path, name: str, test: str) -> None:
        """Copy the data of the server at ``url``, its databases with it, to ``base / name``.

        Raises: LookupError where somebody else runs it; OSError, PostgresError.
        """
        place = urlsplit(url).netloc
        for known, databases in self._databases.items():
            server = self._fleet.get(self._service.name, known)
            if urlsplit(server.url).netloc == place and server.running is not None:
                databases.settle()
                data = Path(server.running.log.removesuffix(".log"))
                keep(base, name, data, test=test, database=named_database(url))
                return
        raise LookupError("its server is not ours")

    @contextlib.contextmanager
    def blank(self, user: str, password: str) -> Iterator[Database]:
        """An empty database, without the template, and a user who may do everything."""
        server = self.server()
        name = f"blank_{next(self._numbers)}"
        if server.backend == "url":
            name = f"handrail_{os.getpid()}_{name}"
        with connect(server, "postgres") as admin:
            literal = user.replace("'", "''")
            if not admin.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{literal}'"):  # noqa: S608 - quoted
                secret = password.replace("'", "''")
                admin.execute(f"CREATE ROLE {quoted(user)} SUPERUSER LOGIN PASSWORD '{secret}'")
            admin.execute(f"CREATE DATABASE {quoted(name)} OWNER {quoted(user)} STRATEGY file_copy")
        try:
            yield Database(server=server, name=name)
        finally:
            with connect(server, "postgres") as admin:
                admin.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")

    def _everybodys(self) -> Database:
        """The one database of this process that is nobody's own."""
        if self._shared is None:
            server = self.server()
            if server.backend == "url":
                self._shared = Database(server=server, name=named_database(server.url))
            else:
                self._shared = Database(server=server, name=self._on(server).take())
        return self._shared

    def lost(self, name: str) -> None:
        """That server has ended: sessions to it are gone."""
        databases = self._databases.pop(name, None)
        if databases is not None:
            self._names_before[name] = databases.made
            with contextlib.suppress(OSError):
                databases.forget()

    def revived(self, server: Server) -> None:
        """It was started again, on its data; a container has none and gets its databases anew."""
        names = self._names_before.pop(server.name, ())
        if names and server.backend in _EMPTY:
            for name in names:
                self._on(server).make(name)

    def open_template(self) -> str:
        """Let this process's template be changed, at the URL that is returned.

        Of a server at a URL it is the database that the URL names.
        """
        server = self.server()
        if server.backend == "url":
            return server.url
        self._on(server)
        with connect(server, "postgres") as admin:
            seal(admin, is_open=True)
        return database_url(server.url, TEMPLATE)

    def seal_template(self, *, is_changed: bool) -> None:
        """From now on it is copied, and nobody connects to it. ``is_changed``: it is no longer what
        its snapshot has.
        """
        self._is_changed = is_changed
        server = self.server()
        if server.backend != "url":
            with connect(server, "postgres") as admin:
                seal(admin)

    def close(self) -> None:
        """Drop what outlives this process."""
        for name, databases in self._databases.items():
            if name == self._service.name and self._service.url is not None:
                databases.close()
            else:
                databases.forget()
        self._databases = {}

    def _on(self, server: Server) -> Databases:
        if server.name not in self._databases:
            if server.backend in _EMPTY:
                self._make_template(server)
            self._databases[server.name] = (
                self._elsewhere(server)
                if server.backend == "url"
                else Databases(
                    connect(server, "postgres"),
                    lambda database: connect(server, database),
                    (f"test_{number}" for number in self._numbers),
                )
            )
        return self._databases[server.name]

    def _elsewhere(self, server: Server) -> Databases:
        """Of a server that others use too. Its template is the database that the URL names."""
        named = named_database(server.url)
        admin = connect(server, "postgres" if named != "postgres" else "template1")
        self._lease = Lease(admin)
        self._lease.sweep()
        prefix = self._lease.prefix
        return Databases(
            admin,
            lambda database: connect(server, database),
            (f"{prefix}_{number}" for number in self._numbers),
            template=named,
        )

    def _with_template(self, server: Server) -> Databases:
        """The same; at a URL, a configured template is filled in a copy of the named database."""
        databases = self._on(server)
        is_named = databases.template == named_database(server.url)
        if self._lease is not None and self._template is not None and is_named:
            databases.copy_template(f"{self._lease.prefix}_template")
            self._fill(self._template, server, databases.template, dict(self._service.env))
            databases.seal()
        return databases

    # The data folder that servers start from.

    def _with_data(self, service: Service, start: Start) -> Start:
        programs, _ = self._native.programs(service, POSTGRES)
        assert programs is not None  # the back end has not refused
        workshop = self._fleet.supervision.workshop
        owner = owner_for(POSTGRES)
        base_name = "postgres-" + key(identity(programs), IDENTITY, repr(owner))
        template = self._template.identity() if self._template is not None else ""
        name = f"{base_name}-{key(template)}"

        def build(folder: Path) -> None:
            base = self._snapshots.get(
                base_name, lambda made: _init(programs, made, owner), workshop
            )
            self._build(base, folder, start)

        if self._failed is not None:
            raise self._failed  # once is enough: it was asked for ahead of need, and is again
        try:
            return replace(start, copy_of=str(self._snapshots.get(name, build, workshop)))
        except UserError as error:
            self._failed = error
            raise

    def _make_template(self, server: Server) -> None:
        """In a server that has none: one that is just being built, or a container."""
        with connect(server, "postgres") as admin:
            make_template(admin)
            if self._template is not None:
                self._fill(self._template, server, TEMPLATE, dict(self._service.env))
            seal(admin)

    def _build(self, base: Path, folder: Path, start: Start) -> None:
        """A data folder that has the template: made by a server that runs for this only."""
        order = replace(elsewhere(start, folder, base), stop_signal=_SIGINT, stop_within_s=60.0)
        supervision = self._fleet.supervision
        running = supervision.start(order)
        server = Server(
            service=self._service.name,
            name=order.name,
            url=POSTGRES.url(running.address),
            address=running.address,
            backend="native",
            running=running,
        )
        try:
            self._make_template(server)
        finally:
            supervision.stop(order.name)
        (folder / "postmaster.opts").unlink(missing_ok=True)

    @staticmethod
    def _fill(template: Template, server: Server, name: str, env: Mapping[str, str]) -> None:
        url = database_url(server.url, name)
        variables = {"DATABASE_URL": url} | {
            name: value.replace("{url}", url) for name, value in env.items()
        }
        with connect(server, name) as connection:
            template.fill(url, connection.execute, variables)


def _init(programs: Programs, folder: Path, owner: tuple[int, int] | None) -> None:
    folder.mkdir(mode=0o700)
    if owner is not None:
        os.chown(folder, *owner)
    make_data_folder(programs, folder, owner)
