"""A command line of ``handrail run``, understood: which tiers and tests, how many workers, how bounded."""

import argparse
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from handrail.cli.run_options import (
    DURATIONS,
    LISTING,
    PYTEST_FLAGS,
    PYTEST_VALUES,
    wants_terminal,
)
from handrail.core.policy import Plan, plan
from handrail.errors import UsageError
from handrail.execution import limits
from handrail.frozen import dataclass
from handrail.model.spec import RunSpec
from handrail.model.tiers import Isolation, Tier
from handrail.wiring import Wiring

if TYPE_CHECKING:
    from handrail.cli.changing import Changing

_EARLY = ("-W", "ignore:Module already imported so cannot be rewritten")
"""Of what a plugin of pytest shares with others, where these have imported it before."""
_STRICTEST = (Isolation.TEST, Isolation.MODULE, Isolation.WORKER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command line, understood."""

    plan: Plan
    named: tuple[str, ...]
    selection: tuple[str, ...]
    """Paths, node ids and expressions, as the caller wrote them."""
    spec: RunSpec
    budget_s: float | None
    lasts_s: float
    """After which the run is ended: its budget, or its time to live."""
    pytest_arguments: tuple[str, ...]
    has_terminal: bool
    """Whether pytest's own output goes to the caller."""
    wanted_workers: int
    """As many as there would be with more memory."""
    is_listing: bool
    """Whether pytest is only to list something, so that nothing runs and all is well."""
    changing: "Changing | None" = None
    """Which tests are affected by a change, if only those are to run."""


def understand(arguments: argparse.Namespace, wiring: Wiring) -> Request:
    """Raises: UsageError, ConfigError, and RefusedError if a named tier may not run here."""
    if "no:handrail" in [*getattr(arguments, "pytest-p"), *arguments.behind] or (
        "-pno:handrail" in arguments.behind
    ):
        raise UsageError(
            "handrail run cannot do without its own plugin",
            where="-p no:handrail",
            hint="run plain pytest instead",
        )
    named, targets = _sorted_targets(arguments, wiring)
    flagged = frozenset(arguments.allow)
    here = wiring.circumstances(flagged)
    chosen = plan(wiring.settings, named, here)
    budget_s = arguments.budget or _largest(tier.budget_s for tier in chosen.chosen)
    flags = [flag for flag in PYTEST_FLAGS if getattr(arguments, f"pytest{flag}")]
    is_debugging = "--pdb" in flags or "--trace" in arguments.behind
    has_terminal = wants_terminal(arguments)
    is_single = is_debugging or "--co" in flags
    wanted = 0 if is_single else _workers(arguments, wiring, chosen.chosen)
    spec = RunSpec(
        run_id="",
        is_shown=has_terminal,
        settings=wiring.settings,
        tiers=named,
        place=here.place,
        granted=here.granted,
        flagged=flagged,
        workers=_with_room(wanted, arguments, wiring, chosen.chosen),
        timeout_s=arguments.timeout,
        memory_bytes=arguments.memory or _smallest(wiring, chosen.chosen),
        growth_bytes=_growth(wiring, chosen.chosen),
        grace_s=wiring.settings.grace_s,
        isolate=Isolation(arguments.isolate) if arguments.isolate else _isolation(chosen.chosen),
        is_failed_first="--ff" in flags or arguments.is_watch,
        done=arguments.remaining.done if arguments.remaining else frozenset(),
        only=arguments.remaining.only if arguments.remaining else frozenset(),
        retries=arguments.retries,
        quarantined=frozenset(e.test for e in wiring.quarantine if not e.is_expired),
        strategy=arguments.strategy,
        guard=arguments.guard,
        seed=_seed(arguments.order),
        is_keeping=arguments.is_keeping,
        shard=arguments.shard,
        shared_s=_shared_s(arguments, wiring),
        profile=arguments.profile,
    )
    return Request(
        plan=chosen,
        named=named,
        selection=_selection(arguments, targets),
        spec=spec,
        budget_s=budget_s,
        lasts_s=min(budget_s or math.inf, wiring.settings.time_to_live_s),
        pytest_arguments=(
            *_pytest_options(arguments, flags),
            *arguments.behind,
            *(_EARLY if arguments.is_forked else ()),
            *targets,
        ),
        has_terminal=has_terminal,
        wanted_workers=wanted,
        is_listing=bool(LISTING & {*flags, *arguments.behind}),
    )


def _shared_s(arguments: argparse.Namespace, wiring: Wiring) -> Mapping[str, float]:
    """Recorded times that all shards have. Raises: DurationsError."""
    if arguments.shard is None:
        return {}
    from handrail.runs import durations

    if arguments.durations_file is None:
        return durations.read(wiring.root / DURATIONS, is_needed=False)
    return durations.read(wiring.folder / arguments.durations_file, is_needed=True)


def _sorted_targets(
    arguments: argparse.Namespace, wiring: Wiring
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tiers by name first, then paths and node ids. Raises: UsageError for what is neither."""
    known = {tier.name for tier in wiring.settings.tiers}
    named, targets = list(arguments.tier), []
    for target in arguments.targets:
        if target in known:
            named.append(target)
        elif (wiring.folder / target.partition("::")[0]).exists():
            targets.append(target)
        else:
            raise UsageError(
                f"{target} is neither a tier nor a path",
                where=f"tiers: {', '.join(sorted(known))}; folder: {wiring.folder}",
                hint="handrail tiers",
            )
    return tuple(dict.fromkeys(named)), tuple(targets)


def _seed(order: str | None) -> int | None:
    """The seed of a random order: as given, or drawn now."""
    if order is None:
        return None
    from random import Random

    from handrail.core.ordering import SEED_BITS, seed_of

    given = seed_of(order)
    return Random().getrandbits(SEED_BITS) if given is None else given


def _workers(arguments: argparse.Namespace, wiring: Wiring, tiers: Sequence[Tier]) -> int:
    if arguments.workers is not None:
        return int(arguments.workers)
    most = [tier.parallel for tier in tiers if tier.parallel is not None]
    found = wiring.settings.workers or max(1, round(limits.available_processors()))
    return min([found, *most])


def _with_room(
    wanted: int, arguments: argparse.Namespace, wiring: Wiring, tiers: Sequence[Tier]
) -> int:
    """Fewer, where there is no memory for the servers of so many; a number that was typed stands."""
    names = [name for tier in tiers for name in tier.services]
    if arguments.workers is not None or wanted < 2 or not names:
        return wanted
    from handrail.core.capacity import workers_that_fit
    from handrail.services.estimates import memory_bytes
    from handrail.system.memory import available_bytes

    servers_bytes = memory_bytes(wiring.settings, names)
    return workers_that_fit(wanted, available_bytes(), servers_bytes)


def _largest(budgets: Iterator[float | None]) -> float | None:
    """Tiers that run together have the sum of their budgets; one without has no end."""
    found = list(budgets)
    return None if None in found or not found else sum(each for each in found if each is not None)


def _smallest(wiring: Wiring, tiers: Sequence[Tier]) -> int | None:
    found = [tier.memory_bytes for tier in tiers if tier.memory_bytes is not None]
    return min(found) if found else wiring.settings.memory_bytes


def _growth(wiring: Wiring, tiers: Sequence[Tier]) -> int:
    return min(
        [
            wiring.settings.growth_bytes,
            *(t.growth_bytes for t in tiers if t.growth_bytes is not None),
        ]
    )


def _isolation(tiers: Sequence[Tier]) -> Isolation:
    return next(
        (each for each in _STRICTEST if any(tier.isolate is each for tier in tiers)),
        Isolation.WORKER,
    )


def _pytest_options(arguments: argparse.Namespace, flags: Sequence[str]) -> Iterator[str]:
    yield from flags
    if arguments.verbose:
        yield f"-{'v' * arguments.verbose}"
    for source in arguments.cov:
        yield f"--cov={source}" if source else "--cov"
    for name in PYTEST_VALUES:
        for value in getattr(arguments, f"pytest{name}"):
            yield from ([f"{name}={value}"] if name.startswith("--") else [name, value])


def _selection(arguments: argparse.Namespace, targets: Sequence[str]) -> tuple[str, ...]:
    flags = [flag for flag in ("--lf", "-x") if getattr(arguments, f"pytest{flag}")]
    values = [
        f"{name} {shlex.quote(value)}"
        for name in ("-k", "-m", "--ignore", "--deselect")
        for value in getattr(arguments, f"pytest{name}")
    ]
    part = [f"--shard {arguments.shard}"] if arguments.shard else []
    return (*targets, *values, *flags, *part)
