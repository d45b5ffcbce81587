"""Containers of testcontainers, answered by our services: the same fixtures, without Docker.

Turned on by ``testcontainers = true``. Code stays as it is: ``PostgresContainer(...)`` and
``RedisContainer(...)`` make objects of this module. Each Postgres gets an empty database and a user
of its own choice on this process's server; each Redis a server. What cannot be answered that way is
refused by name, never ignored. Subclasses are left alone: they are real containers.
"""

import contextlib
import importlib.abc
import importlib.machinery
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Self
from urllib.parse import quote

from handrail.errors import ExitCode, UserError
from handrail.model.services import Address, Level
from handrail.pytest_plugin.services.providing import Providing
from handrail.services.handles import need
from handrail.services.isolate.postgres import connect
from handrail.services.resp import command

_HARMLESS = frozenset({"with_name", "with_tmpfs_mount", "waiting_for", "maybe_emulate_amd64"})
_UNSET: Any = object()


class NotAnsweredError(UserError):
    """A real container is needed for it."""

    reference = "not-answered"
    exit_code = ExitCode.INFRA_ERROR

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} needs a real container",
            hint="set testcontainers = false in [tool.handrail], or use the fixtures of Handrail",
        )


class ContainerVersionWarning(UserWarning):
    """What answers is not of the version that the image would have been."""


class _Answered:
    """What every container can do. Subclasses have ``_open``."""

    kind = ""

    def __init__(self, providing: Providing, image: str, port: int) -> None:
        self._providing = providing
        self.image = image
        self.port = int(port)
        self._address: Address | None = None
        self._life = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Have it ready; nothing happens if it is."""
        if self._address is None:
            self._address = self._life.enter_context(self._open())
        return self

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:  # noqa: ARG002 - as theirs
        """Give it back."""
        self._address = None
        self._life.close()

    def get_container_host_ip(self) -> str:
        """The host."""
        return self._where.host

    def get_exposed_port(self, port: int) -> int:
        """The port outside of the only one that there is inside."""
        if int(port) != self.port:
            raise NotAnsweredError(f"{self.kind}.get_exposed_port({port})")
        return self._where.port

    def with_exposed_ports(self, *ports: int | str) -> Self:
        """Its own port is there already."""
        if any(str(each).partition("/")[0] != str(self.port) for each in ports):
            raise NotAnsweredError(f"{self.kind}.with_exposed_ports{ports}")
        return self

    def with_env(self, key: str, value: str) -> Self:
        """What else the image understands is refused."""
        raise NotAnsweredError(f"{self.kind}.with_env({key!r}, {value!r})")

    def __getattr__(self, name: str) -> Callable[..., Self]:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in _HARMLESS:
            raise NotAnsweredError(f"{self.kind}.{name}")
        return lambda *_, **__: self

    @property
    def _where(self) -> Address:
        if self._address is None:
            raise RuntimeError(f"{self.kind} has not been started")
        return self._address

    def _open(self) -> contextlib.AbstractContextManager[Address]:
        raise NotImplementedError

    def _compare(self, version: str) -> None:
        wanted = re.search(r":(\d+)", self.image)
        if wanted and wanted[1] != version.partition(".")[0]:
            text = f'{self.kind}("{self.image}") is answered by version {version}'
            warnings.warn(ContainerVersionWarning(text), stacklevel=2)


class PostgresContainer(_Answered):
    """A database of its own."""

    kind = "PostgresContainer"

    def __init__(
        self,
        providing: Providing,
        image: str = "postgres:latest",
        port: int = 5432,
        username: str | None = None,
        password: str | None = None,
        dbname: str | None = None,
        driver: str | None = "psycopg2",
        **more: object,
    ) -> None:
        if more:
            raise NotAnsweredError(f"PostgresContainer({', '.join(sorted(more))}=...)")
        super().__init__(providing, image, port)
        self.username = username or os.environ.get("POSTGRES_USER", "test")
        self.password = password or os.environ.get("POSTGRES_PASSWORD", "test")
        self.dbname = dbname or os.environ.get("POSTGRES_DB", "test")
        self.driver = f"+{driver}" if driver else ""

    def with_env(self, key: str, value: str) -> Self:
        """The variables that name user, password and database."""
        field = {"USER": "username", "PASSWORD": "password", "DB": "dbname"}
        prefix, _, name = key.partition("_")
        if prefix != "POSTGRES" or name not in field:
            return super().with_env(key, value)
        setattr(self, field[name], value)
        return self

    def get_connection_url(self, host: str | None = None, driver: str | None = _UNSET) -> str:
        """As theirs; the database has a name of its own."""
        suffix = self.driver if driver is _UNSET else f"+{driver}" if driver else ""
        where = self._where
        return (
            f"postgresql{suffix}://{self.username}:{quote(self.password, safe=' +')}"
            f"@{host or where.host}:{where.port}/{self.dbname}"
        )

    @contextlib.contextmanager
    def _open(self) -> Iterator[Address]:
        postgres = self._providing.postgres
        with postgres.blank(self.username, self.password) as database:
            asked_for, self.dbname = self.dbname, database.name
            with connect(database.server, database.name) as connection:
                ((version,),) = connection.execute("SHOW server_version")
            self._compare(version or "")
            try:
                yield database.server.address
            finally:
                self.dbname = asked_for


class RedisContainer(_Answered):
    """A server of its own."""

    kind = "RedisContainer"

    def __init__(
        self,
        providing: Providing,
        image: str = "redis:latest",
        port: int = 6379,
        password: str | None = None,
        **more: object,
    ) -> None:
        if more:
            raise NotAnsweredError(f"RedisContainer({', '.join(sorted(more))}=...)")
        super().__init__(providing, image, port)
        self.password = password

    def get_client(self, **options: Any) -> Any:
        """A client, as theirs."""
        library = need("redis", "redis", "RedisContainer.get_client()")
        where = self._where
        return library.Redis(host=where.host, port=where.port, password=self.password, **options)

    @contextlib.contextmanager
    def _open(self) -> Iterator[Address]:
        with self._providing.redis.own(Level.SERVER) as server:
            if self.password:
                command(server.address, "CONFIG", "SET", "requirepass", self.password)
            yield server.address


_ANSWERS: Mapping[str, type[PostgresContainer | RedisContainer]] = {
    "PostgresContainer": PostgresContainer,
    "RedisContainer": RedisContainer,
}
_MODULES = frozenset(
    f"testcontainers.{folder}{name}"
    for folder in ("", "community.")
    for name in ("postgres", "redis")
)


class Substitution(importlib.abc.MetaPathFinder):
    """A pytest plugin: from now on to the end of the session, their classes make our objects.

    A class is changed in place, so it does not matter who imported it, nor when.
    """

    def __init__(self, providing: Providing) -> None:
        self._providing = providing
        self._changed: list[Any] = []
        for name in _MODULES & sys.modules.keys():
            self.change(sys.modules[name])
        sys.meta_path.insert(0, self)

    def pytest_unconfigure(self) -> None:
        """Let them be real again."""
        sys.meta_path.remove(self)
        for each in self._changed:
            del each.__new__

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The usual spec of their modules, whose classes are changed as soon as they are there."""
        if name not in _MODULES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_change(module: ModuleType) -> None:
                load(module)
                self.change(module)

            spec.loader.exec_module = load_and_change  # type: ignore[method-assign]
        return spec

    def change(self, module: ModuleType) -> None:
        """Have the classes of this module make our objects."""
        for name, answer in _ANSWERS.items():
            theirs = vars(module).get(name)
            if theirs is not None and theirs not in self._changed:
                self._changed.append(theirs)
                theirs.__new__ = self._maker(theirs, answer)

    def _maker(self, theirs: Any, answer: Callable[..., object]) -> Callable[..., object]:
        def make(cls: type, *arguments: Any, **options: Any) -> object:
            if cls is theirs:
                return answer(self._providing, *arguments, **options)
            return object.__new__(cls)

        return make
