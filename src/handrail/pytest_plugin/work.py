"""The work of a run, numbered so that controller and workers need share no table of tests."""

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from handrail.frozen import dataclass
from handrail.pytest_plugin.selection import Barrier, Traits

MODULE_SHIFT = 20
"""A test's index is its module's, shifted, and its place in the module: no table need be shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker can be asked for: files to collect, or items collected before the fork."""

    files: tuple[tuple[Any, ...], ...] = ()
    """Collectors of each module, by module index."""
    items: tuple[pytest.Item, ...] = ()
    """All items, where they were collected before the fork."""
    indices: tuple[int, ...] = ()
    """Index of each of ``items``."""
    limits_s: tuple[float, ...] = ()
    """Limit of each of ``items``."""


def by_path(files: Iterable[Any]) -> tuple[tuple[Any, ...], ...]:
    """Collectors of the same file stay together (a module and its doctests are imported once)."""
    groups: dict[Path, list[Any]] = {}
    for node in files:
        groups.setdefault(node.path, []).append(node)
    return tuple(tuple(group) for group in groups.values())


def tabulate(items: Sequence[pytest.Item], barrier: Barrier) -> tuple[Work, dict[int, Traits]]:
    """The work and the table of tests from items that were collected in one process."""
    numbers: dict[str, int] = {}
    counts: dict[int, int] = {}
    traits: dict[int, Traits] = {}
    for item in items:
        found = barrier.traits(item)
        module = numbers.setdefault(found.nodeid.partition("::")[0], len(numbers))
        place = counts.get(module, 0)
        counts[module] = place + 1
        traits[(module << MODULE_SHIFT) | place] = found
    limits_s = tuple(each.limit_s for each in traits.values())
    return Work(items=tuple(items), indices=tuple(traits), limits_s=limits_s), traits


def checksum(ids: Iterable[str]) -> int:
    """A number that differs when the tests differ, or their order."""
    return zlib.crc32("\n".join(ids).encode("utf-8", "surrogatepass"))
