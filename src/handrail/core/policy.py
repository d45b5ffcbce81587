"""May this tier, and this test, run here? Or the reason why not.

Default-deny: a test that belongs to a refused tier is withheld whatever else it belongs to, and
naming a test never opens a gate.
"""

import functools
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from handrail.config.nearest import nearest
from handrail.errors import RefusedError, UsageError
from handrail.frozen import dataclass, field
from handrail.model import surroundings
from handrail.model.tiers import Gate, Override, Place, Settings, Tier

CI_SKIP = "ci_skip"
"""Marker of tests that never run in CI."""

_SCHEDULED = (
    ("GITHUB_EVENT_NAME", "schedule"),
    ("CI_PIPELINE_SOURCE", "schedule"),
    ("BUILDKITE_SOURCE", "schedule"),
    ("BUILD_REASON", "schedule"),
)

_NEVER = {
    Place.LOCAL: "on local machines",
    Place.CI: "in CI",
    Place.SCHEDULED: "in scheduled runs",
}

_TARGETS = ("URL", "URI", "DSN", "HOST")
NOT_TARGETS = frozenset(
    {
        "ACTIONS_CACHE_URL",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_RESULTS_URL",
        "ACTIONS_RUNTIME_URL",
        "BUILD_URL",
        "CI_API_GRAPHQL_URL",
        "CI_API_V4_URL",
        "CI_JOB_URL",
        "CI_PIPELINE_URL",
        "CI_PROJECT_URL",
        "CI_REPOSITORY_URL",
        "CI_SERVER_HOST",
        "CI_SERVER_URL",
        "GITHUB_API_URL",
        "GITHUB_GRAPHQL_URL",
        "GITHUB_SERVER_URL",
        "JENKINS_URL",
        "JOB_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_INDEX_URL",
        "UV_EXTRA_INDEX_URL",
        "UV_INDEX_URL",
    }
)
"""Variables in which CI systems and installers name themselves: nothing that a test would break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a decision depends on beside the settings."""

    place: Place
    granted: frozenset[str] = frozenset()
    """Gates that a person opened and that did not expire."""
    flagged: frozenset[str] = frozenset()
    """Gates named by ``--allow``."""
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a tier may not run here."""

    tier: str
    reason: str
    gate: str | None = None
    open_with: str = ""
    """The command that a person types first; empty if no command would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which tiers a run may take tests from."""

    chosen: tuple[Tier, ...]
    refused: tuple[Refusal, ...]
    """Every tier that may not run here, named or not."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The test runs, within the limits of this tier."""

    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The test is withheld. The fields are those of ``model.events.Withheld``."""

    tier: str | None
    reason: str
    gate: str | None = None
    open_with: str = ""


Fate = Runs | Held


def place_of(environ: Mapping[str, str]) -> Place:
    """Where this is: as ``HANDRAIL_PLACE`` says, or else as CI systems announce themselves.

    Raises: UsageError if ``HANDRAIL_PLACE`` is no place.
    """
    if named := environ.get(surroundings.PLACE_VARIABLE):
        if named in set(Place):
            return Place(named)
        raise UsageError(
            f'{surroundings.PLACE_VARIABLE} is "{named}", which is no place',
            where=f"places: {', '.join(Place)}",
            hint=f"unset {surroundings.PLACE_VARIABLE}, and the place is found out",
        )
    if not surroundings.is_ci(environ):
        return Place.LOCAL
    is_scheduled = any(environ.get(name, "").lower() == value for name, value in _SCHEDULED)
    return Place.SCHEDULED if is_scheduled else Place.CI


def refusal(tier: Tier, settings: Settings, here: Circumstances) -> Refusal | None:
    """Why the tier may not run here, with every obstacle at once; None if it may.

    Values of environment variables are not part of the answer, except the names of hosts.
    """
    if here.place in tier.never_on:
        return Refusal(tier=tier.name, reason=f"tier {tier.name} never runs {_NEVER[here.place]}")
    if tier.gate is None:
        return None
    gate = settings.gate(tier.gate)
    lock = _lock(gate, here)
    obstacles = [lock] if lock else []
    obstacles += _foreign_hosts(gate, here.environ)
    obstacles += _denied_variables(gate, here.environ)
    if not obstacles:
        return None
    return Refusal(
        tier=tier.name,
        reason=f"gate {gate.name} is closed: {'; '.join(obstacles)}",
        gate=gate.name,
        open_with=_key_of(gate, tier) if lock else "",
    )


def _lock(gate: Gate, here: Circumstances) -> str:
    """What is missing to open the gate; empty if it was opened."""
    if gate.name in here.granted:
        return ""
    if gate.require == "flag":
        return "" if gate.name in here.flagged else f"it needs --allow {gate.name}"
    if gate.name in here.flagged:
        return "--allow is not enough, a person has to open it at a terminal"
    return "a person has to open it at a terminal"


def _key_of(gate: Gate, tier: Tier) -> str:
    name = shlex.quote(gate.name)
    if gate.require == "flag":
        return f"handrail run --tier {shlex.quote(tier.name)} --allow {name}"
    return f"handrail allow {name}"


def _foreign_hosts(gate: Gate, environ: Mapping[str, str]) -> list[str]:
    if not gate.only_hosts:
        return []
    from handrail.core.hosts import UnreadableHostsError, hosts_in

    foreign: list[str] = []
    for name in sorted(filter(_is_target, environ)):
        try:
            hosts = hosts_in(environ[name])
        except UnreadableHostsError:
            foreign.append(f"{name} holds a host that cannot be read")
            continue
        foreign += [
            f"{name} points at {host}"
            for host in hosts
            if not any(fnmatchcase(host, pattern.lower()) for pattern in gate.only_hosts)
        ]
    return [*foreign, f"only {', '.join(gate.only_hosts)} may be used"] if foreign else []


def _is_target(name: str) -> bool:
    return name not in NOT_TARGETS and name.upper().rpartition("_")[2] in _TARGETS


def _denied_variables(gate: Gate, environ: Mapping[str, str]) -> list[str]:
    """Patterns ignore case: a gate had better stay shut once too often."""
    denied = []
    for pattern in gate.deny_env:
        names, has_value, values = pattern.upper().partition("=")
        for name in sorted(environ):
            if not fnmatchcase(name.upper(), names):
                continue
            if has_value and fnmatchcase(environ[name].upper(), values):
                denied.append(f"{name} has a denied value")
            elif not has_value and environ[name]:
                denied.append(f"{name} is set, and {pattern} is denied")
    return denied


def plan(settings: Settings, named: Sequence[str], here: Circumstances) -> Plan:
    """Choose the tiers that were named, or else those that run here by default and may.

    Raises: UsageError for a name that no tier has; RefusedError if a named tier may not run here.
    """
    refused = tuple(
        found for tier in settings.tiers if (found := refusal(tier, settings, here)) is not None
    )
    _check_known(settings, named)
    if hit := [each for each in refused if each.tier in named]:
        raise _refused(hit)
    shut = {each.tier for each in refused}
    chosen = (
        [settings.tier(name) for name in dict.fromkeys(named)]
        if named
        else [tier for tier in settings.tiers if _is_default(tier, settings, here)]
    )
    return Plan(
        chosen=tuple(tier for tier in chosen if tier.name not in shut),
        refused=refused,
        place=here.place,
    )


def _is_default(tier: Tier, settings: Settings, here: Circumstances) -> bool:
    return tier.name == settings.default_tier or here.place in tier.default_on


def _check_known(settings: Settings, named: Iterable[str]) -> None:
    known = [tier.name for tier in settings.tiers]
    unknown = [name for name in dict.fromkeys(named) if name not in known]
    if not unknown:
        return
    near = nearest(unknown[0], known)
    raise UsageError(
        f"no tier is named {', '.join(unknown)}",
        where=f"tiers: {', '.join(known)}",
        hint=f"handrail run --tier {shlex.quote(near)}" if near else "handrail tiers",
    )


def _refused(refused: Sequence[Refusal]) -> RefusedError:
    names = ", ".join(each.tier for each in refused)
    commands = [each.open_with for each in refused if each.open_with]
    return RefusedError(
        f"{'tier' if len(refused) == 1 else 'tiers'} {names} may not run here; nothing was run",
        where="\n".join(f"{each.tier}: {each.reason}" for each in refused),
        hint=f"a person runs: {commands[0]}" if commands else "handrail tiers shows what may run",
    )


def fate(memberships: Sequence[str], markers: Collection[str], plan: Plan) -> Fate:
    """What becomes of a test which belongs to these tiers (in the order of the settings).

    Depends on the markers only by whether ``CI_SKIP`` is among them: callers may remember answers.
    """
    for each in plan.refused:
        if each.tier in memberships:
            return Held(
                tier=each.tier, reason=each.reason, gate=each.gate, open_with=each.open_with
            )
    first = next(iter(memberships), None)
    if CI_SKIP in markers and plan.place is not Place.LOCAL:
        return Held(tier=first, reason=f"marked {CI_SKIP}, never run in CI")
    if first is None:
        return Held(tier=None, reason="no tier selects it")
    chosen = {tier.name: tier for tier in plan.chosen}
    for name in memberships:
        if name in chosen:
            return Runs(tier=chosen[name])
    command = f"handrail run --tier {shlex.quote(first)}"
    return Held(tier=first, reason="not selected", open_with=command)


def limits(settings: Settings, tier: Tier | None, override: Override | None) -> float:
    """Seconds that a test may take: as its override says, or else its tier, or else the settings."""
    for each in (override, tier):
        if each is not None and each.timeout_s is not None:
            return each.timeout_s
    return settings.timeout_s


def allowed_retries(tier: Tier | None, override: Override | None) -> tuple[int, str]:
    """How often a test may be tried again, and who says so: its override, or else its tier."""
    if override is not None and override.retries is not None:
        return override.retries, override.reason or override.select
    if tier is not None and tier.retries:
        return tier.retries, f"tier {tier.name}"
    return 0, ""


def find_override(settings: Settings, nodeid: str) -> Override | None:
    """The first override that selects the test, if any does.

    ``*`` and ``?`` stop at ``/`` in paths, ``**`` does not; after ``::`` they match everything.
    Brackets mean themselves, because node ids are full of them.
    """
    path = nodeid.partition("::")[0]
    for override in settings.overrides:
        subject = nodeid if "::" in override.select else path
        if _glob(override.select).fullmatch(subject):
            return override
    return None


_WILD = re.compile(r"\*\*/|\*\*|\*|\?")
_IN_PATHS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_IN_NAMES = {"**/": ".*/", "**": ".*", "*": ".*", "?": "."}


@functools.cache
def _glob(select: str) -> re.Pattern[str]:
    path, colons, name = select.partition("::")
    pattern = _translated(path, _IN_PATHS) + colons + _translated(name, _IN_NAMES)
    return re.compile(pattern, re.DOTALL)


def _translated(glob: str, wild: Mapping[str, str]) -> str:
    texts = _WILD.split(glob)
    wilds = [wild[each] for each in _WILD.findall(glob)] + [""]
    return "".join(re.escape(text) + each for text, each in zip(texts, wilds, strict=True))
