"""The proof that every test is run by exactly one job of each stage that claims it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from handrail.ci.lints.sharing import filled, shard_of
from handrail.ci.shell import Command, program
from handrail.ci.stages import Job
from handrail.ci.workflows import EXPRESSION, Finding, Step, Workflow, cells
from handrail.ci.workflows import Job as WorkflowJob
from handrail.core.policy import Circumstances, Held, Plan, Runs, fate, plan
from handrail.core.shards import Sharded, shares
from handrail.errors import UserError
from handrail.frozen import dataclass
from handrail.model.shards import Shard, parse_shard
from handrail.model.tiers import Place, Settings

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A test as it was collected."""

    name: str
    tiers: tuple[str, ...]
    """Those that select it, in the order of the settings."""
    bond: str
    is_ci_skip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """All tests of a project, and what decides about them."""

    settings: Settings
    tests: tuple[Mapped, ...]
    seconds: Mapping[str, float]
    """Recorded, as all shards have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one cell of one job runs."""

    path: str
    line: int
    job: str
    group: tuple[tuple[str, str], ...]
    """The cell, without what only tells shards apart: cells of different groups may run the same."""
    tests: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came out."""

    findings: tuple[Finding, ...]
    tests: int
    covered: int
    """Run by some stage."""
    withheld: Mapping[str, int]
    """Tests that never run in CI, by the reason."""


def prove(suite: Suite, ran: Sequence[Ran], claims: Mapping[str, Job], path: str) -> Proof:
    """``claims``: by path of a workflow, the stage that it is of. ``path``: of the configuration."""
    findings = [*_twice(ran), *_lacking(suite, ran, claims)]
    covered = frozenset(name for each in ran for name in each.tests)
    withheld: dict[str, int] = {}
    left: dict[str, list[str]] = {}
    for test in suite.tests:
        if test.name in covered:
            continue
        reason = _never_in_ci(suite.settings, test)
        if reason:
            withheld[reason] = withheld.get(reason, 0) + 1
        else:
            left.setdefault(test.tiers[0] if test.tiers else "", []).append(test.name)
    for tier, names in left.items():
        what = (
            f"no stage runs {_named(names)}: tier {tier}"
            if tier
            else f"no tier selects {_named(names)}"
        )
        fix = f'tiers = ["{tier}"] in a stage' if tier else "handrail tiers shows what each selects"
        findings.append(Finding(code="W20", path=path, line=1, what=what, fix=fix))
    return Proof(
        findings=tuple(findings),
        tests=len(suite.tests),
        covered=len(covered),
        withheld=withheld,
    )


def _never_in_ci(settings: Settings, test: Mapped) -> str:
    """Why it is run by nothing there, if that is meant; empty if not."""
    if test.is_ci_skip:
        return "marked ci_skip"
    for name in test.tiers:
        tier = settings.tier(name)
        if {Place.CI, Place.SCHEDULED} <= tier.never_on:
            return f"tier {name} never runs in CI"
        if tier.gate and settings.gate(tier.gate).require == "person":
            return f"gate {tier.gate} is opened by a person at a terminal"
    return ""


def _twice(ran: Sequence[Ran]) -> Iterator[Finding]:
    seen: dict[tuple[object, ...], dict[str, Ran]] = {}
    told: set[tuple[str, str]] = set()
    for each in ran:
        first = seen.setdefault((each.path, each.group), {})
        double = sorted(name for name in each.tests if name in first)
        for name in each.tests:
            first.setdefault(name, each)
        if double and (each.path, each.job) not in told:
            told.add((each.path, each.job))
            other = first[double[0]]
            who = f"job {each.job}" if other.job == each.job else f"jobs {other.job} and {each.job}"
            yield Finding(
                code="W20",
                path=each.path,
                line=each.line,
                what=f"{who} run{'s' if other.job == each.job else ''} {_named(double)} twice",
                fix="--shard N/M in each of them, or different tiers",
            )


def _lacking(suite: Suite, ran: Sequence[Ran], claims: Mapping[str, Job]) -> Iterator[Finding]:
    for path, job in claims.items():
        wanted = claimed(suite, job)
        groups: dict[tuple[tuple[str, str], ...], set[str]] = {}
        for each in ran:
            if each.path == path:
                groups.setdefault(each.group, set()).update(each.tests)
        for group, found in groups.items():
            if lacking := sorted(wanted - found):
                where = ", ".join(f"{name} {value}" for name, value in group)
                yield Finding(
                    code="W20",
                    path=path,
                    line=1,
                    what=f"no job of stage {job.name} runs {_named(lacking)}"
                    + (f" ({where})" if where else ""),
                    fix="handrail ci generate",
                )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def claimed(suite: Suite, job: Job) -> frozenset[str]:
    """The tests of a stage."""
    place = Place.SCHEDULED if "schedule" in job.on else Place.CI
    return _selected(suite, _plan(suite.settings, job.tiers, job.gates, place))


def _plan(
    settings: Settings, tiers: Sequence[str], gates: Sequence[str], place: Place
) -> Plan | None:
    """None if such a run is refused."""
    try:
        return plan(settings, tiers, Circumstances(place=place, flagged=frozenset(gates)))
    except UserError:
        return None


def _selected(suite: Suite, chosen: Plan | None) -> frozenset[str]:
    if chosen is None:
        return frozenset()
    found = set()
    for test in suite.tests:
        fated: Runs | Held = fate(test.tiers, ("ci_skip",) if test.is_ci_skip else (), chosen)
        if isinstance(fated, Runs):
            found.add(test.name)
    return frozenset(found)


def runs_of(workflows: Sequence[Workflow], suite: Suite) -> list[Ran]:
    """What every job of these workflows runs by ``handrail run``, or by pytest without a selection."""
    return [
        ran
        for workflow in workflows
        for job in workflow.jobs
        for cell in cells(job) or [{}]
        for step in job.steps
        for command in step.commands()
        if (ran := _ran(workflow, _Place(job, cell, step, command), suite)) is not None
    ]


class _Place(NamedTuple):
    """A command in one cell of a job."""

    job: WorkflowJob
    cell: dict[str, str]
    step: Step
    command: Command

    def part(self) -> tuple[str, str] | None:
        return shard_of(self.command, self.step, self.job)


def _ran(workflow: Workflow, at: _Place, suite: Suite) -> Ran | None:
    """None if the command runs no tests, or it cannot be said which."""
    place = Place.SCHEDULED if "schedule" in workflow.events else Place.CI
    words = [filled(word.strip("\"'"), at.cell) for word in program(at.command.words)]
    if words[:1] == ["pytest"]:
        found = _of_pytest(words, suite, place)
    elif words[:2] == ["handrail", "run"]:
        found = _of_handrail(words, at, suite, place)
    else:
        return None
    if found is None:
        return None
    return Ran(
        path=workflow.path,
        line=at.step.line_in(at.command),
        job=at.job.id,
        group=_group(at),
        tests=found,
    )


def _of_pytest(words: Sequence[str], suite: Suite, place: Place) -> frozenset[str] | None:
    if any(not word.startswith("-") or word.startswith(("-m", "-k")) for word in words[1:]):
        return None
    open_tiers = [tier.name for tier in suite.settings.tiers if not tier.gate]
    return _selected(suite, _plan(suite.settings, open_tiers, (), place))


def _of_handrail(
    words: Sequence[str], at: _Place, suite: Suite, place: Place
) -> frozenset[str] | None:
    tiers, gates = _values(words, "--tier"), _values(words, "--allow")
    names = _selected(suite, _plan(suite.settings, tiers, gates, place))
    part = at.part()
    if part is None:
        return names
    try:
        shard: Shard = parse_shard("/".join(filled(each, at.cell) for each in part))
    except ValueError:
        return None
    found = shares(sharded(suite, names), suite.seconds, shard.of)
    return frozenset(name for name, number in found.items() if number == shard.number)


def _values(words: Sequence[str], option: str) -> list[str]:
    apart = [value for word, value in pairwise(words) if word == option]
    return apart + [w.partition("=")[2] for w in words if w.startswith(f"{option}=")]


def sharded(suite: Suite, names: frozenset[str]) -> list[Sharded]:
    """These tests, as shards see them."""
    return [Sharded(name=test.name, bond=test.bond) for test in suite.tests if test.name in names]


def _group(at: _Place) -> tuple[tuple[str, str], ...]:
    part = at.part() or ("", "")
    named = (name.strip() for each in part for name in EXPRESSION.findall(each))
    used = {name.removeprefix("matrix.") for name in named}
    return tuple(sorted((name, value) for name, value in at.cell.items() if name not in used))


def runs_of_stages(jobs: Mapping[str, Job], suite: Suite) -> list[Ran]:
    """What the stages run, by path of their files, where these are not workflows of GitHub."""
    found = []
    for path, job in jobs.items():
        numbers = shares(sharded(suite, claimed(suite, job)), suite.seconds, job.shards)
        for shard in range(1, job.shards + 1):
            mine = frozenset(name for name, number in numbers.items() if number == shard)
            found.append(Ran(path=path, line=1, job=job.slug, group=(), tests=mine))
    return found
