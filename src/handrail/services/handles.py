"""What tests get: where a service is, and a client where one is at hand."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from handrail.errors import UserError
from handrail.frozen import dataclass

if TYPE_CHECKING:
    import psycopg


class MissingClientError(UserError):
    """A client library is needed that is not installed."""

    reference = "missing-client"


def need(module: str, extra: str, what: str) -> Any:  # noqa: ANN401 - whatever it is
    """Import a client library. Raises: MissingClientError, which names the extra."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingClientError(
            f"{what} needs {module}, which is not installed",
            hint=f"pip install 'handrail[{extra}]'",
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A database of the test's or its module's own."""

    url: str
    """For any client: ``postgresql://user@host:port/name``."""

    @property
    def sync_url(self) -> str:
        """For SQLAlchemy with psycopg."""
        return self._with_driver("psycopg")

    @property
    def async_url(self) -> str:
        """For SQLAlchemy with asyncpg."""
        return self._with_driver("asyncpg")

    @property
    def name(self) -> str:
        """Of the database."""
        return unquote(urlsplit(self.url).path.lstrip("/"))

    @property
    def dsn(self) -> str:
        """For libpq: ``host=... port=... user=... dbname=...``."""
        parts = urlsplit(self.url)
        fields = {
            "host": parts.hostname,
            "port": parts.port,
            "user": parts.username,
            "password": parts.password,
            "dbname": self.name,
        }
        return " ".join(f"{key}={value}" for key, value in fields.items() if value)

    def connect(self, **options: Any) -> "psycopg.Connection[Any]":  # noqa: ANN401 - psycopg's own
        """A fresh connection. Raises: MissingClientError."""
        driver = need("psycopg", "postgres", "postgres.connect()")
        connection: psycopg.Connection[Any] = driver.connect(self.url, **options)
        return connection

    def _with_driver(self, driver: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(scheme=f"postgresql+{driver}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Any service: where it is."""

    name: str
    url: str
    host: str
    port: int


class Services:
    """All configured services, each started when it is asked for: ``services.redis.url``."""

    def __init__(self, names: tuple[str, ...], get: Callable[[str], Service]) -> None:
        self._names = names
        self._get = get

    def __getattr__(self, name: str) -> Service:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Service:
        if name.replace("_", "-") in self._names:
            name = name.replace("_", "-")
        if name not in self._names:
            raise AttributeError(
                f"no service is called {name}; [tool.handrail.services] has: "
                + ", ".join(self._names)
            )
        return self._get(name)
