"""The stages of CI as they will be generated: those that are configured, or the usual ones."""

import hashlib
import re
from collections.abc import Iterator, Sequence

from handrail.ci.pins import Pins
from handrail.ci.project import Project, admitted
from handrail.config.nearest import nearest
from handrail.errors import UserError
from handrail.frozen import dataclass
from handrail.model.tiers import Gate, Place, Settings, Stage, Tier

EVENTS = ("pull_request", "merge_group", "push", "schedule", "workflow_dispatch")
"""What may start a stage, in the order in which workflows list it."""
DEFAULT_BUDGET_S = 30 * 60.0
_APART = {"soak", "chaos", "operational", "cloud", "infrastructure", "terraform", "gpu", "load"}
"""Tiers that no stage has beside others unless somebody says so."""
_NIGHTLY = {"load", "gpu"}
_HOSTS = {"infrastructure", "terraform"}


class StageError(UserError):
    """A stage cannot be generated."""

    reference = "stage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A stage, decided: nothing is left open."""

    name: str
    slug: str
    """Its name as part of the name of a file."""
    on: tuple[str, ...]
    tiers: tuple[str, ...]
    python: tuple[str, ...]
    shards: int
    budget_s: float
    install_s: float
    cron: str
    """Empty without a schedule."""
    gates: tuple[str, ...]
    """What ``--allow`` opens; somebody has to start such a stage and to type its name."""
    install: str

    @property
    def cells(self) -> int:
        """How many runs it takes."""
        return len(self.python) * self.shards

    @property
    def timeout_minutes(self) -> int:
        """After which a job of it is ended: its budget and what it takes to install, rounded up."""
        return _minutes(self.budget_s + self.install_s)

    @property
    def install_minutes(self) -> int:
        """The same, of the job that judges."""
        return _minutes(self.install_s)


def _minutes(seconds: float) -> int:
    return -int(-seconds // 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """All stages, and why some are not there."""

    jobs: tuple[Job, ...]
    notes: tuple[str, ...] = ()


def staged(settings: Settings, project: Project, pins: Pins) -> Staged:
    """Decide what is open.

    Raises: StageError for a configured stage that cannot be: an event that there is not, a gate
    that only a person at a terminal can open, a gated tier in a stage that starts by itself.
    """
    is_usual = not settings.stages
    stages = tuple(usual_stages(settings, project)) if is_usual else settings.stages
    jobs: list[Job] = []
    notes: list[str] = []
    for stage in stages:
        try:
            jobs.append(_job(stage, settings, project, pins))
        except StageError as error:
            if not is_usual:
                raise
            notes.append(f"no stage {stage.name}: {error.what}; {error.hint}")
    _check_slugs(jobs)
    return Staged(jobs=tuple(jobs), notes=tuple(notes))


def usual_stages(settings: Settings, project: Project) -> Iterator[Stage]:
    """The stages of a project that configures none, as far as it has tests for them."""
    there = [tier for tier in settings.tiers if _is_there(tier, settings, project)]
    open_here = [t for t in there if not t.gate and Place.CI not in t.never_on]
    first = (settings.default_tier,)
    full = _names(t for t in open_here if t.name not in _APART)
    late = _names(t for t in open_here if t.name not in _APART or t.name in _NIGHTLY)
    hosts = _names(t for t in open_here if t.name in _HOSTS)
    soak = tuple(t.name for t in there if t.name == "soak")
    gated = tuple(t.name for t in there if t.gate)
    yield Stage(name="pr-fast", on=("pull_request", "merge_group"), tiers=first, budget_s=300.0)
    if set(full) != set(first):
        yield Stage(name="pr-full", on=("pull_request", "merge_group"), tiers=full, budget_s=900.0)
    yield Stage(name="post-merge", on=("push",), tiers=full, budget_s=1200.0)
    yield Stage(name="nightly", on=("schedule",), tiers=late, budget_s=3600.0)
    if soak:
        yield Stage(name="soak", on=("schedule",), tiers=soak, budget_s=5 * 3600.0)
    if gated:
        yield Stage(name="chaos", on=("workflow_dispatch",), tiers=gated, budget_s=3600.0)
    if hosts:
        yield Stage(name="infrastructure", on=("schedule",), tiers=hosts, budget_s=3600.0)


def _is_there(tier: Tier, settings: Settings, project: Project) -> bool:
    """Whether the project has tests for it. A tier that somebody configured is meant."""
    is_built_in = all(
        origin == "default"
        for key, origin in settings.origins
        if key.startswith(f"tiers.{tier.name}.")
    )
    return not is_built_in or tier.name == settings.default_tier or tier.name in project.marks


def _names(tiers: Iterator[Tier]) -> tuple[str, ...]:
    return tuple(tier.name for tier in tiers)


def _job(stage: Stage, settings: Settings, project: Project, pins: Pins) -> Job:
    on = _events(stage)
    tiers = [settings.tier(name) for name in stage.tiers or (settings.default_tier,)]
    _check_places(stage, on, tiers)
    gates = tuple(dict.fromkeys(tier.gate for tier in tiers if tier.gate))
    _check_names(stage, [stage.name, *(tier.name for tier in tiers), *gates, *stage.python])
    for gate in gates:
        _check_gate(stage, on, settings.gate(gate), tiers)
    if "schedule" in on and "workflow_dispatch" not in on:
        on = (*on, "workflow_dispatch")
    return Job(
        name=stage.name,
        slug=re.sub(r"[^A-Za-z0-9_.-]+", "-", stage.name).strip("-.") or "stage",
        on=on,
        tiers=tuple(tier.name for tier in tiers),
        python=stage.python or _pythons(on, project, pins),
        shards=stage.shards,
        budget_s=stage.budget_s or _budget(tiers),
        install_s=settings.ci_install_s,
        cron=(stage.cron or _cron(stage)) if "schedule" in on else "",
        gates=gates,
        install=settings.ci_install or project.install,
    )


def _events(stage: Stage) -> tuple[str, ...]:
    for event in stage.on:
        if event not in EVENTS:
            near = nearest(event, EVENTS)
            raise StageError(
                f"no event is named {event}",
                where=f"stage {stage.name}: on\nevents: {', '.join(EVENTS)}",
                hint=f'write "{near}"' if near else "write one of these",
            )
    return tuple(each for each in EVENTS if each in stage.on) or ("workflow_dispatch",)


def _check_names(stage: Stage, names: Sequence[str]) -> None:
    for name in names:
        if not name.isprintable() or "${{" in name:
            raise StageError(
                f"the name {name!r} cannot stand in a workflow",
                where=f"stage {stage.name!r}",
                hint="rename it: no line breaks, no control characters, no ${{",
            )


def _check_places(stage: Stage, on: Sequence[str], tiers: Sequence[Tier]) -> None:
    places = {Place.SCHEDULED if event == "schedule" else Place.CI for event in on}
    for tier in tiers:
        for place in sorted(places & tier.never_on):
            raise StageError(
                f"tier {tier.name} never runs there",
                where=f'stage {stage.name}: never-on = ["{place}"]',
                hint=f"remove {tier.name} from the stage, or {place} from never-on",
            )


def _check_gate(stage: Stage, on: Sequence[str], gate: Gate, tiers: Sequence[Tier]) -> None:
    names = ", ".join(tier.name for tier in tiers if tier.gate == gate.name)
    if gate.require == "person":
        raise StageError(
            f"gate {gate.name} is opened by a person at a terminal, and a job has none",
            where=f"stage {stage.name}: tiers behind it: {names}",
            hint=f'write require = "flag" into [tool.handrail.gates.{gate.name}]: '
            f"the environment {gate.name} of the workflow then asks a person",
        )
    if set(on) != {"workflow_dispatch"}:
        raise StageError(
            f"what is behind the gate {gate.name} must not start by itself",
            where=f"stage {stage.name}: tiers behind it: {names}; on: {', '.join(on)}",
            hint='write on = ["workflow_dispatch"], or give these tiers a stage of their own',
        )


def _pythons(on: Sequence[str], project: Project, pins: Pins) -> tuple[str, ...]:
    """Before a merge the oldest and the newest; after it all; what takes long the newest."""
    found = admitted(project.requires_python, pins.pythons)
    if "push" in on:
        return found
    if "pull_request" in on or "merge_group" in on:
        return tuple(dict.fromkeys((found[0], found[-1])))
    return found[-1:]


def _budget(tiers: Sequence[Tier]) -> float:
    given = [tier.budget_s for tier in tiers]
    return sum(each or DEFAULT_BUDGET_S for each in given)


def _cron(stage: Stage) -> str:
    """By night, at a minute that stages do not share and nobody else picks: never the first."""
    number = int.from_bytes(hashlib.sha256(stage.name.encode()).digest()[:4], "big")
    minute, hour = 3 + number % 54, 1 + number // 54 % 4
    day = "0" if "soak" in stage.name or "week" in stage.name else "*"
    return f"{minute} {hour} * * {day}"


def _check_slugs(jobs: Sequence[Job]) -> None:
    by_slug: dict[str, str] = {}
    for job in jobs:
        other = by_slug.setdefault(job.slug.lower(), job.name)
        if other != job.name:
            raise StageError(
                f"the stages {other} and {job.name} would have one file",
                where=f"its name: {job.slug}",
                hint=f"rename {job.name}",
            )
