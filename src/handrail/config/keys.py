"""Every key of ``[tool.handrail]``: the one table that parser, schema and documentation share."""

from collections.abc import Iterator, Sequence

from handrail.config.kinds import (
    COMMAND,
    CONNECTIONS,
    COUNT,
    CRON,
    DURATION,
    FLAG,
    GLOB,
    ISOLATION,
    PAIRS,
    PATTERN,
    PLACE,
    READY,
    RETRIES,
    SELECT,
    SIZE,
    TEXT,
    URL,
    VERSION,
    WORKERS,
    Kind,
    choice,
    key_text,
    many,
)
from handrail.frozen import dataclass
from handrail.model.tiers import Gate, Override, Service, Settings, Stage, Tier

_NAMES = many(TEXT, "an array of strings")
_PLACES = many(PLACE, 'an array such as ["local"]', frozenset)

Entry = Tier | Gate | Override | Stage | Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: how it is written, where the model keeps it, what it may hold."""

    name: str
    """kebab-case, as written."""
    field: str
    """Name of the field in ``model.tiers``."""
    kind: Kind
    about: str
    is_required: bool = False
    variable: str = ""
    """Environment variable that beats the file; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A family of tables: ``[tool.handrail.NAME.*]``, or ``[[tool.handrail.NAME]]`` if a list."""

    name: str
    one: str
    """What a single entry is called."""
    build: type[Entry]
    keys: tuple[Key, ...]
    about: str
    is_list: bool = False


def _key(
    name: str, field: str, kind: Kind, about: str, *, is_required: bool = False, variable: str = ""
) -> Key:
    return Key(
        name=name, field=field, kind=kind, about=about, is_required=is_required, variable=variable
    )


SCALARS: tuple[Key, ...] = (
    _key(
        "default-tier",
        "default_tier",
        TEXT,
        "The tier that runs when none is named.",
        variable="HANDRAIL_DEFAULT_TIER",
    ),
    _key(
        "timeout",
        "timeout_s",
        DURATION,
        "Wall time of each test of a tier that sets none.",
        variable="HANDRAIL_TIMEOUT",
    ),
    _key(
        "collect-timeout",
        "collect_timeout_s",
        DURATION,
        "Wall time of collecting (importing) each module.",
        variable="HANDRAIL_COLLECT_TIMEOUT",
    ),
    _key(
        "grace",
        "grace_s",
        DURATION,
        "Time between SIGTERM and SIGKILL.",
        variable="HANDRAIL_GRACE",
    ),
    _key(
        "time-to-live",
        "time_to_live_s",
        DURATION,
        "After which any run is ended, whoever forgot it.",
        variable="HANDRAIL_TIME_TO_LIVE",
    ),
    _key(
        "memory",
        "memory_bytes",
        SIZE,
        "Resident memory of each worker, for tiers that set none.",
        variable="HANDRAIL_MEMORY",
    ),
    _key(
        "growth",
        "growth_bytes",
        SIZE,
        "How much a worker's memory may grow over the whole run, for tiers that set none.",
        variable="HANDRAIL_GROWTH",
    ),
    _key(
        "workers",
        "workers",
        WORKERS,
        "Workers at most; auto lets the machine decide.",
        variable="HANDRAIL_WORKERS",
    ),
    _key(
        "state",
        "state",
        TEXT,
        "The state folder, relative to the project's root.",
        variable="HANDRAIL_STATE",
    ),
    _key(
        "services-folder",
        "services_folder",
        TEXT,
        "Where servers live while tests run; not set: in memory if there is room, else with temporary files.",
        variable="HANDRAIL_SERVICES_FOLDER",
    ),
    _key(
        "redact",
        "redact",
        many(PATTERN, "an array of regular expressions"),
        "Regular expressions of text that never leaves the run.",
    ),
    _key(
        "testcontainers",
        "testcontainers",
        FLAG,
        "Whether containers of testcontainers are answered by our services instead of Docker.",
        variable="HANDRAIL_TESTCONTAINERS",
    ),
    _key(
        "ci-install",
        "ci_install",
        TEXT,
        "The command by which jobs of CI install the project; not set: found out from its files.",
    ),
    _key(
        "ci-install-time",
        "ci_install_s",
        DURATION,
        "Wall time that a job of CI has for everything beside its tests.",
    ),
)

_TIER = (
    _key("about", "about", TEXT, "What the tier is for, in a few words."),
    _key("select", "select", SELECT, "pytest's own -m expression; empty selects every test."),
    _key("budget", "budget_s", DURATION, "Wall time of the whole run when this tier is in it."),
    _key("timeout", "timeout_s", DURATION, "Wall time of each test."),
    _key("memory", "memory_bytes", SIZE, "Resident memory of each worker."),
    _key("growth", "growth_bytes", SIZE, "How much a worker's memory may grow over the run."),
    _key("parallel", "parallel", WORKERS, "Workers at most; auto lets the machine decide."),
    _key("retries", "retries", RETRIES, "How often each test that failed is tried again."),
    _key("isolate", "isolate", ISOLATION, "How much of the process tests share."),
    _key("gate", "gate", TEXT, "The gate that must be open before this tier runs."),
    _key("default-on", "default_on", _PLACES, "Where this tier runs without being named."),
    _key("never-on", "never_on", _PLACES, "Where this tier never runs."),
    _key("services", "services", _NAMES, "The services that its tests need."),
)

_GATE = (
    _key(
        "require",
        "require",
        choice("person", "flag"),
        "person: somebody ran handrail allow at a terminal; flag: --allow NAME is enough.",
    ),
    _key("expires", "expires_s", DURATION, "How long the gate stays open."),
    _key(
        "only-hosts", "only_hosts", _NAMES, "Patterns that every host in the environment matches."
    ),
    _key(
        "deny-env", "deny_env", _NAMES, "Patterns of variables (NAME or NAME=VALUE) that shut it."
    ),
)

_OVERRIDE = (
    _key(
        "select",
        "select",
        GLOB,
        "A glob over file paths, or over node ids when it holds ::.",
        is_required=True,
    ),
    _key("timeout", "timeout_s", DURATION, "Wall time of each test."),
    _key(
        "retries",
        "retries",
        RETRIES,
        "How often a test that failed is tried again, after the rest of its module.",
    ),
    _key("serial", "serial", FLAG, "Whether these tests run while nothing else does."),
    _key("reason", "reason", TEXT, "Why these tests are different."),
)

_STAGE = (
    _key("on", "on", _NAMES, "The events of CI that start it."),
    _key("tiers", "tiers", _NAMES, "The tiers that it runs."),
    _key("python", "python", many(VERSION, 'an array such as ["3.13"]'), "Versions of Python."),
    _key("shards", "shards", COUNT, "Machines that share the tests."),
    _key("budget", "budget_s", DURATION, "Wall time of each of its runs."),
    _key("cron", "cron", CRON, "When a schedule starts it, in UTC; not set: by night."),
)

_SERVICE = (
    _key(
        "backend",
        "backend",
        choice("auto", "native", "docker", "compose", "url"),
        "What starts it.",
    ),
    _key("url", "url", URL, "Where it runs already."),
    _key("image", "image", TEXT, "The image that Docker starts."),
    _key("version", "version", VERSION, "The version that is wanted."),
    _key("template", "template", TEXT, "Import path, .sql file or command; run once, then cloned."),
    _key(
        "isolation",
        "isolation",
        choice("savepoint", "clone", "truncate", "server"),
        "How tests are kept apart.",
    ),
    _key("memory", "memory_bytes", SIZE, "Memory of each of its servers, all processes together."),
    _key("connections", "connections", CONNECTIONS, "Sessions that each server lets in at once."),
    _key(
        "command",
        "command",
        COMMAND,
        "The command that starts an app; {fd}, {host}, {port} and {NAME.url} are put in.",
    ),
    _key("ready", "ready", READY, "What must hold before the app is used."),
    _key("env", "env", PAIRS, "Variables that tests see; of an app, those that it sees."),
    _key("compose", "compose", TEXT, "A compose file: its stack is brought up and taken down."),
    _key("service", "service", TEXT, "The service of that file whose place the URL names."),
    _key("port", "port", COUNT, "The port of that service inside its container."),
    _key("url-format", "url_format", TEXT, "Its URL, with {host} and {port} left open."),
)

SECTIONS: tuple[Section, ...] = (
    Section(name="tiers", one="tier", build=Tier, keys=_TIER, about="Which tests run where."),
    Section(name="gates", one="gate", build=Gate, keys=_GATE, about="What must hold first."),
    Section(
        name="overrides",
        one="override",
        build=Override,
        keys=_OVERRIDE,
        about="Other limits for some tests; the first match wins.",
        is_list=True,
    ),
    Section(name="stages", one="stage", build=Stage, keys=_STAGE, about="The steps of CI."),
    Section(name="services", one="service", build=Service, keys=_SERVICE, about="What tests need."),
)


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: ``tiers.fast.timeout``, ``overrides[0].select``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{key_text(step)}" if text else key_text(step)
    return text


def tables_of(
    settings: Settings,
) -> Iterator[tuple[tuple[str | int, ...], Settings | Entry, tuple[Key, ...]]]:
    """Every table that the settings hold: its path below ``tool.handrail``, it, and its keys."""
    yield (), settings, SCALARS
    for section in SECTIONS:
        for index, entry in enumerate(getattr(settings, section.name)):
            yield (section.name, index if section.is_list else entry.name), entry, section.keys
