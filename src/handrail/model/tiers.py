"""Tiers, gates, overrides and stages: what may run where, and how bounded. Durations in seconds."""

from enum import StrEnum

from handrail.frozen import dataclass, field


class Place(StrEnum):
    """Where a run happens; it decides which tiers run by default and which never do."""

    LOCAL = "local"
    CI = "ci"
    SCHEDULED = "scheduled"


class Isolation(StrEnum):
    """How much of the process tests share."""

    WORKER = "worker"
    MODULE = "module"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One step of the stairs: ``[tool.handrail.tiers.NAME]``."""

    name: str
    select: str = ""
    """pytest's own ``-m`` expression; empty selects every test."""
    about: str = ""
    budget_s: float | None = None
    """Wall time of the whole run when this tier is in it."""
    timeout_s: float | None = None
    """Wall time of each test."""
    memory_bytes: int | None = None
    """Resident memory of each worker."""
    growth_bytes: int | None = None
    """How much a worker's resident memory may grow over the whole run."""
    parallel: int | None = None
    """Workers at most; None lets the machine decide."""
    retries: int | None = None
    """How often a test that failed is tried again; what its override says comes first."""
    isolate: Isolation = Isolation.WORKER
    gate: str | None = None
    default_on: frozenset[Place] = frozenset()
    """Where this tier runs without being named, beside the default tier."""
    never_on: frozenset[Place] = frozenset()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What must hold before a gated tier may run: ``[tool.handrail.gates.NAME]``."""

    name: str
    require: str = "person"
    """``person``: somebody ran ``handrail allow`` at a terminal. ``flag``: ``--allow NAME`` is enough."""
    expires_s: float = 900.0
    only_hosts: tuple[str, ...] = ()
    """Patterns; every host in a ``*_URL`` or ``*_HOST`` variable must match one."""
    deny_env: tuple[str, ...] = ()
    """Patterns of variable names (or ``NAME=VALUE``) that keep the gate shut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Other limits for some tests: ``[[tool.handrail.overrides]]``; the first match wins."""

    select: str
    """A glob over file paths (``tests/net/**``), or of whole node ids when it holds ``::``."""
    timeout_s: float | None = None
    retries: int | None = None
    serial: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step of CI: ``[tool.handrail.stages.NAME]``."""

    name: str
    on: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    shards: int = 1
    budget_s: float | None = None
    cron: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRule:
    """When a service that is started by a command counts as ready."""

    http: str | None = None
    """A path, for which it answers with a status below 400."""
    tcp: bool = False
    """It accepts connections."""
    line: str | None = None
    """It prints a line in which this regular expression is found."""
    within_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service that tests need: ``[tool.handrail.services.NAME]``. Checked now."""

    name: str
    backend: str = "auto"
    url: str | None = None
    image: str | None = None
    version: str | None = None
    template: str | None = None
    isolation: str | None = None
    memory_bytes: int | None = None
    """Of all processes of each of its servers together."""
    connections: int | None = None
    """That each of its servers lets in at once."""
    command: str | None = None
    """Starts an app of the project's own."""
    ready: ReadyRule | None = None
    env: tuple[tuple[str, str], ...] = ()
    compose: str | None = None
    """Path of a compose file, relative to the project's root."""
    service: str | None = None
    """The service of that file that is meant."""
    port: int | None = None
    """Of that service, inside its container."""
    url_format: str | None = None
    """With ``{host}`` and ``{port}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything under ``[tool.handrail]``, valid and complete."""

    default_tier: str = "fast"
    tiers: tuple[Tier, ...] = ()
    """In the order written."""
    gates: tuple[Gate, ...] = ()
    overrides: tuple[Override, ...] = ()
    stages: tuple[Stage, ...] = ()
    services: tuple[Service, ...] = ()
    timeout_s: float = 300.0
    """For each test of a tier that sets none."""
    collect_timeout_s: float = 120.0
    """For collecting (importing) each module."""
    grace_s: float = 1.0
    """Between SIGTERM and SIGKILL."""
    time_to_live_s: float = 86400.0
    """After which a run is ended that has no budget, or a larger one."""
    memory_bytes: int | None = None
    growth_bytes: int = 500 * 1000**2
    workers: int | None = None
    state: str = ".handrail"
    """The state folder, relative to the project's root."""
    services_folder: str | None = None
    """Where servers live; None: in memory if there is room."""
    redact: tuple[str, ...] = ()
    """Regular expressions of text that never leaves the run, beside the known shapes of secrets."""
    testcontainers: bool = False
    """Whether containers of testcontainers are answered by our services."""
    ci_install: str | None = None
    """Installs the project in a job of CI; None: found out."""
    ci_install_s: float = 300.0
    """What a job of CI may take beside its tests."""
    is_configured: bool = False
    """Whether the project has a ``[tool.handrail]`` table at all."""
    origins: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """Dotted key and where its value came from: ``file:line``, ``environment NAME``, ``default``."""

    def tier(self, name: str) -> Tier:
        """The tier of that name. Raises: KeyError."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise KeyError(name)

    def gate(self, name: str) -> Gate:
        """The gate of that name. Raises: KeyError."""
        for gate in self.gates:
            if gate.name == name:
                return gate
        raise KeyError(name)
