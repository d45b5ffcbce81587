"""The ``[tool.handrail]`` that suits a project: tiers, gates, services, stages. No I/O."""

import re
from collections.abc import Iterator, Mapping, Sequence

from handrail.adoption.inventory import COMPOSE, Inventory, images, table
from handrail.config.defaults import DESTRUCTIVE, HEAVY_MARKERS, TIERS
from handrail.config.kinds import quoted
from handrail.frozen import dataclass
from handrail.model.tiers import Place, Tier
from handrail.model.units import format_duration

_ALSO: Mapping[str, str] = {
    "aws": "cloud",
    "azure": "cloud",
    "gcp": "cloud",
    "destructive": "chaos",
    "fault": "chaos",
    "disaster": "operational",
    "infra": "infrastructure",
    "endurance": "soak",
    "perf": "load",
    "performance": "load",
    "stress": "load",
    "cuda": "gpu",
    "acceptance": "e2e",
    "browser": "e2e",
    "end_to_end": "e2e",
    "playwright": "e2e",
    "selenium": "e2e",
    "system": "e2e",
    "database": "integration",
    "db": "integration",
    "docker": "integration",
    "functional": "integration",
    "integ": "integration",
    "integration_test": "integration",
    "internet": "integration",
    "network": "integration",
    "nightly": "slow",
}
"""Other names of heavy markers."""
EVERYDAY = ("slow", "integration", "grpc", "e2e", "localstack")
"""Kinds that a pull request can wait for."""
_BY_IMPORT: Mapping[str, str] = {
    "psycopg": "postgres",
    "psycopg2": "postgres",
    "asyncpg": "postgres",
    "redis": "redis",
    "valkey": "valkey",
    "pymysql": "mariadb",
    "mariadb": "mariadb",
    "nats": "nats",
    "confluent_kafka": "kafka",
}
_BY_IMAGE: Mapping[str, str] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "redis": "redis",
    "valkey": "valkey",
    "mariadb": "mariadb",
    "nats": "nats",
    "minio": "s3",
    "eclipse-mosquitto": "mqtt",
    "kafka": "kafka",
    "cp-kafka": "kafka",
}
_KINDS: Mapping[str, Tier] = {tier.name: tier for tier in TIERS}
_VERSION = re.compile(r"Programming Language :: Python :: (3\.\d+)")
_LONGEST_S = 300.0
_LEAST_S = 10.0
_TIMES = 10
_NICE_S = (10, 20, 30, 60, 120, 180, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heavy:
    """A marker that keeps tests out of the fast tier, and what it is like."""

    marker: str
    kind: Tier


def heavy(markers: frozenset[str]) -> list[Heavy]:
    """Those of the markers that are heavy, the most dangerous first."""
    found = [Heavy(marker=each, kind=_KINDS[kind]) for each in markers if (kind := kind_of(each))]
    return sorted(found, key=lambda each: (HEAVY_MARKERS.index(each.kind.name), each.marker))


def kind_of(marker: str) -> str:
    """The heavy marker that it is another name of, or itself; nothing if it is not heavy."""
    name = marker.lower()
    return name if name in HEAVY_MARKERS else _ALSO.get(name, "")


def configuration(inventory: Inventory) -> list[str]:
    """The lines of ``[tool.handrail]`` and its tables."""
    found = heavy(inventory.markers)
    parts = [
        list(_top(inventory)),
        list(_fast(found)),
        *(list(_heavy(found, index)) for index in reversed(range(len(found)))),
    ]
    if any(each.kind.gate for each in found):
        parts.append(list(_gate()))
    parts += [list(_service(*each)) for each in services(inventory)]
    parts += [list(each) for each in _stages(found, _pythons(inventory))]
    return "\n\n".join("\n".join(part) for part in parts).splitlines()


def _top(inventory: Inventory) -> Iterator[str]:
    yield "[tool.handrail]"
    yield 'default-tier = "fast"'
    if inventory.durations:
        longest_s = max(inventory.durations.values())
        limit_s = next((each for each in _NICE_S if each >= longest_s * _TIMES), None)
        if limit_s is not None and _LEAST_S <= limit_s < _LONGEST_S:
            yield f'timeout = "{format_duration(limit_s)}"  # the longest test took {longest_s:.1f} s'


def _fast(found: Sequence[Heavy]) -> Iterator[str]:
    yield "[tool.handrail.tiers.fast]"
    if found:
        yield 'about = "no heavy marker: no services, no waiting"'
        yield f"select = {quoted(_without(found))}"
    else:
        yield 'about = "every test: no heavy marker is used"'


def _heavy(found: Sequence[Heavy], index: int) -> Iterator[str]:
    this = found[index]
    worse = found[:index]
    kind = this.kind
    yield f"[tool.handrail.tiers.{this.marker}]"
    yield f"about = {quoted(kind.about)}"
    yield f"select = {quoted(f'{this.marker} and {_without(worse)}' if worse else this.marker)}"
    if kind.timeout_s is not None:
        yield f"timeout = {quoted(format_duration(kind.timeout_s))}"
    if kind.parallel is not None:
        yield f"parallel = {kind.parallel}"
    if kind.gate:
        yield f"gate = {quoted(kind.gate)}"
    if kind.name in EVERYDAY:
        yield 'default-on = ["ci"]'
    if Place.LOCAL in kind.never_on:
        yield 'never-on = ["local"]'


def _without(found: Sequence[Heavy]) -> str:
    names = " or ".join(each.marker for each in found)
    return f"not ({names})" if len(found) > 1 else f"not {names}"


def _gate() -> Iterator[str]:
    yield "[tool.handrail.gates.destructive]"
    yield f"require = {quoted(DESTRUCTIVE.require)}"
    yield f"expires = {quoted(format_duration(DESTRUCTIVE.expires_s))}"
    yield f"only-hosts = {_array(DESTRUCTIVE.only_hosts)}"
    yield f"deny-env = {_array(DESTRUCTIVE.deny_env)}"


def services(inventory: Inventory) -> list[tuple[str, str, str]]:
    """Services that tests can have: name, version or nothing, and where that is said."""
    found: dict[str, tuple[str, str]] = {}
    for path in COMPOSE:
        for _, image in images(inventory.files.get(path, "")):
            repository, _, tag = image.partition("@")[0].partition(":")
            name = _BY_IMAGE.get(repository.rpartition("/")[2])
            if name and name not in found:
                version = re.match(r"\d+(\.\d+)*", tag) if name in {"postgres", "redis"} else None
                found[name] = (version[0] if version else "", path)
    for package, name in _BY_IMPORT.items():
        if package in inventory.imports and name not in found:
            found[name] = ("", f"tests import {package}")
    return [(name, *found[name]) for name in sorted(found)]


def _service(name: str, version: str, origin: str) -> Iterator[str]:
    insist = f'; to insist: version = "{version}"' if version else ""
    yield f"[tool.handrail.services.{name}]  # {origin}{insist}"


def _pythons(inventory: Inventory) -> list[str]:
    """The oldest and the newest Python that the project says it supports."""
    listed = table(inventory.toml(), "project").get("classifiers", [])
    texts = [str(each) for each in listed] if isinstance(listed, list) else []
    found = {match[1] for text in texts if (match := _VERSION.match(text))}
    found = {each for each in found if _number(each) >= (3, 11)}
    ordered = sorted(found, key=_number)
    return list(dict.fromkeys(ordered[:1] + ordered[-1:]))


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _stages(found: Sequence[Heavy], pythons: Sequence[str]) -> Iterator[Iterator[str]]:
    """What is behind a gate is in none: a person opens it, at a terminal."""
    everyday = ["fast", *_names(found, EVERYDAY)]
    at_night = [*everyday, *_names(found, ("load", "gpu"))]
    pulled = ["pull_request", "merge_group"]
    yield _stage("pr-fast", pulled, ["fast"], "5m", pythons)
    if len(everyday) > 1:
        yield _stage("pr-full", pulled, everyday, "15m", pythons[-1:])
    yield _stage("post-merge", ["push"], everyday, "20m", pythons[-1:])
    yield _stage("nightly", ["schedule", "workflow_dispatch"], at_night, "1h", pythons[-1:])
    if soaks := _names(found, ("soak",)):
        yield _stage("soak", ["schedule", "workflow_dispatch"], soaks, "5h", pythons[-1:])


def _names(found: Sequence[Heavy], kinds: Sequence[str]) -> list[str]:
    return [each.marker for each in found if each.kind.name in kinds]


def _stage(
    name: str, events: Sequence[str], tiers: Sequence[str], budget: str, pythons: Sequence[str]
) -> Iterator[str]:
    yield f"[tool.handrail.stages.{name}]"
    yield f"on = {_array(events)}"
    yield f"tiers = {_array(tiers)}"
    yield f"budget = {quoted(budget)}"
    if pythons:
        yield f"python = {_array(pythons)}"


def _array(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"
