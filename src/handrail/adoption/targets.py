"""Targets for everyday tasks: a block of a Makefile, or recipes of a justfile. No I/O."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from handrail.adoption.blocks import HASH, SAYS, appended, fenced
from handrail.adoption.changes import Change, Note, Proposal
from handrail.adoption.configuring import EVERYDAY, kind_of
from handrail.adoption.inventory import Inventory
from handrail.config.defaults import DESTRUCTIVE
from handrail.frozen import dataclass
from handrail.model.tiers import Place, Settings, Tier
from handrail.model.units import format_duration

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
"""In the order in which make looks for them."""
JUSTFILES = ("justfile", "Justfile", ".justfile")
_MAKE_TARGET = re.compile(r"^(?![#\t ])([^:=#]+?)\s*::?(?![:=])", re.MULTILINE)
_JUST_RECIPE = re.compile(r"^@?([A-Za-z_][\w-]*)(?:\s[^:\n]*)?:(?!=)", re.MULTILINE)
_GENERATED = ".github/workflows/handrail-"
_TOO_LONG = (
    'echo "error: 24 hours are not for a machine that somebody uses: its sleep, updates and other work '
    'become part of what is measured. Let CI run tier {tier} on a schedule." >&2; exit 5'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One task: what it is for, and the one line that does it."""

    name: str
    about: str
    command: str
    is_quiet: bool = False
    """Whether the line itself is not shown."""


def targets(settings: Settings, *, has_workflows: bool = False) -> list[Target]:
    """All 19, for the tiers that there are. ``has_workflows``: generated ones."""
    tiers = _Tiers(settings)
    quality = " && ".join(
        [
            "handrail config check",
            "handrail doctor",
            *(["handrail ci check"] if has_workflows else []),
        ]
    )
    soak = tiers.of("soak")
    return [
        Target(name="test", about="every safe test", command="handrail run"),
        Target(
            name="test-unit",
            about=f"tier {settings.default_tier}, one test at a time",
            command=_run([settings.default_tier], "-n 1"),
        ),
        Target(
            name="test-unit-parallel",
            about=f"tier {settings.default_tier}, on all processors",
            command=_run([settings.default_tier], "-n auto"),
        ),
        Target(
            name="test-integration",
            about="several parts, with real services",
            command=_run(tiers.of("integration")),
        ),
        Target(
            name="test-integration-all",
            about="the same, and whatever else a pull request can wait for",
            command=_run(tiers.everyday or tiers.of("integration")),
        ),
        Target(
            name="test-performance", about="throughput and latency", command=_run(tiers.of("load"))
        ),
        Target(name="coverage", about="what the safe tests cover", command="handrail run --cov"),
        tiers.asking("test-chaos", "chaos", "kills services, fills disks; asks first"),
        tiers.asking("test-operational", "operational", "disaster drills; asks first"),
        Target(
            name="test-soak-1h",
            about="looks for leaks, for an hour",
            command=_run(soak, "--budget 1h"),
        ),
        Target(
            name="test-soak-24h",
            about="is refused, and says why",
            command=_TOO_LONG.format(tier=soak[0]),
            is_quiet=True,
        ),
        tiers.stage("test-pr", "pr-fast", [settings.default_tier]),
        tiers.stage("test-pr-full", "pr-full", tiers.everyday_and_fast),
        tiers.stage("test-post-merge", "post-merge", tiers.everyday_and_fast),
        tiers.stage("test-nightly", "nightly", tiers.local),
        Target(
            name="test-all-local",
            about="all that may run on this machine without a gate",
            command=_run(tiers.local),
        ),
        Target(
            name="ci-test", about="the safe tests, as CI runs them", command="handrail run --ci"
        ),
        Target(
            name="ci-quality",
            about="the configuration and this machine",
            command=quality,
        ),
        Target(
            name="ci-all",
            about="both",
            command=f"{quality} && handrail run --ci",
        ),
    ]


class _Tiers:
    """Which tiers are meant."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        tiers = settings.tiers if settings.is_configured else ()
        self._there = tiers or tuple(each for each in settings.tiers if _is_usual(each))
        self.everyday = [each.name for each in self._there if kind_of(each.name) in EVERYDAY]
        self.everyday_and_fast = [settings.default_tier, *self.everyday]
        self.local = [
            each.name for each in self._there if not each.gate and Place.LOCAL not in each.never_on
        ]

    def of(self, kind: str) -> list[str]:
        """Those of a kind; the kind itself where there is none, for Handrail to say so."""
        return [each.name for each in self._there if kind_of(each.name) == kind] or [kind]

    def asking(self, name: str, kind: str, about: str) -> Target:
        """A person has to type the name of each gate, or of the usual one where there is none."""
        tiers = self.of(kind)
        gates = dict.fromkeys(
            each.gate for each in self._settings.tiers if each.name in tiers and each.gate
        )
        allow = "".join(f"handrail allow {gate} && " for gate in gates or (DESTRUCTIVE.name,))
        return Target(name=name, about=about, command=allow + _run(tiers))

    def stage(self, name: str, stage: str, otherwise: Sequence[str]) -> Target:
        """As CI does it, on this machine; ``otherwise``: where no such stage is configured."""
        found = next((each for each in self._settings.stages if each.name == stage), None)
        if found is None:
            return Target(name=name, about=f"what stage {stage} has", command=_run(otherwise))
        more = f"--budget {format_duration(found.budget_s)}" if found.budget_s else ""
        return Target(name=name, about=f"stage {stage}", command=_run(found.tiers, more))


def _is_usual(tier: Tier) -> bool:
    """Of the tiers that exist without configuration, those that need no special machine."""
    return tier.name == "fast" or tier.name in EVERYDAY


def _run(tiers: Iterable[str], more: str = "") -> str:
    words = ["handrail run", *(f"--tier {name}" for name in tiers), more]
    return " ".join(word for word in words if word)


def makefile(inventory: Inventory, settings: Settings) -> Proposal:
    """A block of the Makefile that make reads."""
    return _proposal(inventory, settings, MAKEFILES, "Makefile", _MAKE_TARGET, _as_make)


def justfile(inventory: Inventory, settings: Settings) -> Proposal:
    """A block of the justfile."""
    return _proposal(inventory, settings, JUSTFILES, "justfile", _JUST_RECIPE, _as_just)


def _proposal(
    inventory: Inventory,
    settings: Settings,
    names: Sequence[str],
    usual: str,
    defined: "re.Pattern[str]",
    written: Callable[[Sequence[Target]], Iterator[str]],
) -> Proposal:
    path = next((each for each in names if each in inventory.files), usual)
    before = inventory.files.get(path)
    if before is not None and HASH.found_in(before):
        return Proposal()
    there = {word for names in defined.findall(before or "") for word in names.split()}
    has_workflows = any(path.startswith(_GENERATED) for path in inventory.files)
    wanted = targets(settings, has_workflows=has_workflows)
    new = [each for each in wanted if each.name not in there]
    kept = [each.name for each in wanted if each.name in there]
    notes = (
        (
            Note(
                what="targets that are there already are left as they are",
                where=" ".join(kept) + f" ({path})",
            ),
        )
        if kept
        else ()
    )
    if not new:
        return Proposal(notes=notes)
    after = appended(before, fenced(list(written(new)), SAYS))
    why = f"{len(new)} targets"
    return Proposal(changes=(Change(path=path, before=before, after=after, why=why),), notes=notes)


def _as_make(found: Sequence[Target]) -> Iterator[str]:
    yield f".PHONY: {' '.join(each.name for each in found)}"
    for each in found:
        yield ""
        yield f"{each.name}: ## {each.about}"
        yield f"\t{'@' if each.is_quiet else ''}{each.command}"


def _as_just(found: Sequence[Target]) -> Iterator[str]:
    for each in found:
        yield ""
        yield f"# {each.about}"
        yield f"{each.name}:"
        yield f"    {'@' if each.is_quiet else ''}{each.command}"
