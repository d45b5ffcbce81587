"""What distinguishes one kind of server from the next, as data and a few pure functions."""

from collections.abc import Callable, Mapping

from handrail.frozen import dataclass, field
from handrail.model.services import Address, Level, Ready, Start
from handrail.model.tiers import Service
from handrail.services.finding import Programs, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one server is to live."""

    name: str
    folder: str
    """Its own; a unix socket in it has a short path."""
    host: str
    """A loopback address that no other server of this machine was given."""
    port: int
    """The usual one, or the next free one of ours."""
    env: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    """What stands for ``{NAME.url}`` in the settings of an app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """How Docker runs it."""

    name: str
    port: int
    """Inside the container."""
    env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    ready: Ready = Ready()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A kind of server."""

    name: str
    wanted: tuple[Wanted, ...]
    """Programs that will do, the best first."""
    extra: str
    """The extra of Handrail that installs one of them; empty if none does."""
    start: Callable[[Programs, Place], Start]
    """The order that starts it in its place."""
    url: Callable[[Address], str]
    """What clients are given."""
    default_port: int
    image: Image | None = None
    drops_root: bool = False
    """Whether it refuses to run as root."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that its clients need in any case; ``{url}`` stands for where it is."""
    usual: Level = Level.CLONE
    """What a module has for itself where the configuration does not say."""
    memory_bytes: int = 64 << 20
    """What one of its servers is taken to need, data that is kept in memory included."""
    servers: int = 2
    """That a process has at once: a module's, and the one that is started ahead of need."""
    connections: tuple[str, ...] = ()
    """Options that let in no more than ``{n}`` sessions at once; none where that is not possible."""
    note: str = ""
    """What a person must know of it: that it is a mock, say."""

    def limits(self, service: Service) -> tuple[str, ...]:
        """Options that come last, as the configuration says."""
        if service.connections is None:
            return ()
        return tuple(each.format(n=service.connections) for each in self.connections)
