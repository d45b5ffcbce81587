"""What a profiled run measured, beside its events; each process measures by itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from handrail.frozen import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureCost:
    """A fixture's set-up, without the fixtures that it asks for, and its teardown."""

    name: str
    scope: str
    where: str
    """File or folder that it belongs to; empty for a plugin's."""
    count: int
    seconds: float
    """Of all its set-ups."""
    teardown_s: float = 0.0
    """Of all its teardowns, without those of fixtures that use it."""
    workers: int = 1
    """How many processes set it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCost:
    """A module's import, in the process where it took longest."""

    module: str
    own_s: float
    """Without the modules that it imports."""
    all_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepCost:
    """``time.sleep`` of the main thread and ``asyncio.sleep``, by the line that called it.

    Tasks that sleep at the same line at once take the time of one.
    """

    where: str
    count: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What one test allocated at its peak, and what was left of that after it."""

    test: str
    peak_bytes: int
    kept_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All processes together. ``stacks`` are seconds or bytes by frames, outermost first."""

    kind: str
    """``time`` or ``memory``."""
    stacks: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    fixtures: tuple[FixtureCost, ...] = ()
    imports: tuple[ImportCost, ...] = ()
    sleeps: tuple[SleepCost, ...] = ()
    allocations: tuple[Allocation, ...] = ()


def profile_of(kind: str, measured: Iterable[Mapping[str, Any]]) -> Profile:
    """The profile of a run from what each of its processes has left.

    Stacks of seconds add up; of bytes, those of the process with the highest peak count.
    """
    found = list(measured)
    return Profile(
        kind=kind,
        stacks=_highest(found) if kind == "memory" else _added(found),
        fixtures=_fixtures(found),
        imports=_imports(found),
        sleeps=_sleeps(found),
        allocations=tuple(
            sorted(
                (
                    Allocation(test=test, peak_bytes=peak, kept_bytes=kept)
                    for each in found
                    for test, peak, kept in each["tests"]
                ),
                key=lambda each: (-each.peak_bytes, each.test),
            )
        ),
    )


def _added(found: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], float]:
    stacks: dict[tuple[str, ...], float] = {}
    for each in found:
        for frames, value in each["stacks"]:
            key = tuple(frames)
            stacks[key] = stacks.get(key, 0.0) + value
    return stacks


def _highest(found: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], float]:
    every = [_added([each]) for each in found]
    return max(every, key=lambda stacks: sum(stacks.values()), default={})


def _fixtures(found: Iterable[Mapping[str, Any]]) -> tuple[FixtureCost, ...]:
    costs: dict[tuple[str, str, str], FixtureCost] = {}
    for each in found:
        for name, scope, where, count, seconds, teardown_s in each["fixtures"]:
            before = costs.get((name, scope, where))
            costs[name, scope, where] = FixtureCost(
                name=name,
                scope=scope,
                where=where,
                count=count + (before.count if before else 0),
                seconds=seconds + (before.seconds if before else 0.0),
                teardown_s=teardown_s + (before.teardown_s if before else 0.0),
                workers=1 + (before.workers if before else 0),
            )
    return tuple(
        sorted(costs.values(), key=lambda each: (-each.seconds - each.teardown_s, each.name))
    )


def _imports(found: Iterable[Mapping[str, Any]]) -> tuple[ImportCost, ...]:
    costs: dict[str, ImportCost] = {}
    for each in found:
        for module, own_s, all_s in each["imports"]:
            if module not in costs or costs[module].all_s < all_s:
                costs[module] = ImportCost(module=module, own_s=own_s, all_s=all_s)
    return tuple(sorted(costs.values(), key=lambda each: (-each.own_s, each.module)))


def _sleeps(found: Iterable[Mapping[str, Any]]) -> tuple[SleepCost, ...]:
    costs: dict[str, tuple[int, float]] = {}
    for each in found:
        for where, count, seconds in each["sleeps"]:
            before = costs.get(where, (0, 0.0))
            costs[where] = (before[0] + count, before[1] + seconds)
    made = (
        SleepCost(where=where, count=count, seconds=seconds)
        for where, (count, seconds) in costs.items()
    )
    return tuple(sorted(made, key=lambda each: (-each.seconds, each.where)))


def collapsed(stacks: Mapping[tuple[str, ...], float], *, unit: float) -> str:
    """One line for each stack, as flame graph programs read them: frames, then a whole number.

    ``unit``: what one of these is worth: 0.001 for milliseconds.
    """
    lines = (
        f"{';'.join(frame.replace(';', ',') for frame in stack)} {round(value / unit)}"
        for stack, value in sorted(stacks.items())
        if round(value / unit)
    )
    return "\n".join(lines)
