"""The vocabulary of services: what is to be started, how it tells that it is ready, where it is."""

from collections.abc import Mapping
from enum import StrEnum

from handrail.frozen import dataclass, field


class Level(StrEnum):
    """How much of a service is somebody's own: a module's by configuration, a test's by mark."""

    SAVEPOINT = "savepoint"
    """Sessions only, which are rolled back; the database is everybody's."""
    CLONE = "clone"
    """An own copy of the template."""
    TRUNCATE = "truncate"
    """The worker's database, whose tables are emptied afterwards."""
    SERVER = "server"
    """An own server."""


class Probe(StrEnum):
    """The one check, in the server's own protocol, after it has said that it is ready."""

    NONE = "none"
    TCP = "tcp"
    """Somebody accepts connections."""
    HTTP = "http"
    """GET answers with a status below 400."""
    POSTGRES = "postgres"
    REDIS = "redis"
    MYSQL = "mysql"
    """The server greets."""
    NATS = "nats"
    """The server sends INFO."""
    MQTT = "mqtt"
    """CONNECT is acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server listens: a unix socket, or a host and port."""

    path: str = ""
    """Of the unix socket; empty if there is none."""
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """When a server counts as ready: an event if it gives one, then one probe."""

    notifies: bool = False
    """It sends ``READY=1`` to ``$NOTIFY_SOCKET`` (sd_notify)."""
    line: str = ""
    """Or it prints a line in which this regular expression is found. Its groups ``host`` and
    ``port``, if it has them, say where it is."""
    probe: Probe = Probe.NONE
    http_path: str = "/"
    within_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An order to start a server, complete: whoever carries it out decides nothing."""

    name: str
    """Of this instance, unique within the session: ``postgres``, ``postgres.2``."""
    argv: tuple[str, ...]
    folder: str
    """Its own; made if need be, removed when it is stopped."""
    works_in: str = ""
    """Its working folder; empty: its own."""
    is_kept: bool = False
    """Whether the folder stays when it is stopped, for somebody needs what is in it."""
    copy_of: str = ""
    """A folder that is copied to ``folder`` first."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Written into ``folder`` before it is started: text by name."""
    env: Mapping[str, str] = field(default_factory=dict)
    """The whole environment."""
    owner: tuple[int, int] | None = None
    """User and group ids it runs as; None: those of the caller."""
    address: Address = Address()
    """Where it is probed."""
    listens: bool = False
    """A socket on ``address.host`` is opened for it and handed down as descriptor 3; its port is
    put in for ``{port}`` in ``argv`` and ``env``."""
    ready: Ready = Ready()
    stop_signal: int = 15
    stop_within_s: float = 5.0
    """After which it is killed."""
    undo: tuple[str, ...] = ()
    """A command that must be run when it is gone, however it went (``docker rm``). It prints
    what it has undone, and is tried again if that is nothing."""
    memory_bytes: int | None = None
    """Resident memory of its processes together, above which it is ended and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that was ready when this was made."""

    name: str
    pid: int
    address: Address
    log: str
    """Path of everything it prints."""
    took_s: float
    """From the order to the answer of its probe."""
