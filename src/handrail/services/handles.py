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
class MariaDb:
    """A database of the test's or its module's own."""

    url: str
    """For any client: ``mysql://user@host:port/name``."""
    host: str
    port: int

    @property
    def sync_url(self) -> str:
        """For SQLAlchemy with PyMySQL."""
        return urlunsplit(urlsplit(self.url)._replace(scheme="mysql+pymysql"))

    @property
    def async_url(self) -> str:
        """For SQLAlchemy with asyncmy."""
        return urlunsplit(urlsplit(self.url)._replace(scheme="mysql+asyncmy"))

    @property
    def user(self) -> str:
        """It has no password unless ``url`` has one."""
        return unquote(urlsplit(self.url).username or "")

    @property
    def name(self) -> str:
        """Of the database."""
        return unquote(urlsplit(self.url).path.lstrip("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Nats:
    """A NATS server with JetStream."""

    url: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mqtt:
    """An MQTT broker that lets everybody in."""

    url: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """Something that speaks Kafka's protocol: a mock, if ``note`` says so."""

    url: str
    """``host:port``, as ``bootstrap.servers`` takes it."""
    note: str
    """What it is; empty for one that the configuration gives a URL of."""

    @property
    def bootstrap_servers(self) -> str:
        """The same as ``url``."""
        return self.url

    @property
    def is_mock(self) -> bool:
        """Whether it is librdkafka's mock cluster."""
        return bool(self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """S3, and what else of AWS is there."""

    url: str

    def client(self, service: str = "s3", **options: Any) -> Any:  # noqa: ANN401 - boto3's own
        """A client of boto3; who it is, and the region, are taken from the variables ``AWS_*``.

        Raises: MissingClientError.
        """
        boto3 = need("boto3", "s3", "s3.client()")
        return boto3.client(service, endpoint_url=self.url, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Any service: where it is."""

    name: str
    url: str
    host: str
    port: int
    note: str = ""
    """What a person must know of it: that it is a mock, say."""


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
