"""Services that need each other: ``{postgres.url}`` in the command or the environment of an app."""

import re
from collections.abc import Iterable, Mapping, Sequence

from handrail.model.tiers import Service

_REFERENCE = re.compile(r"\{([A-Za-z0-9_-]+)\.([A-Za-z0-9_]+)\}")
OWN_ADDRESS = ("{fd}", "{port}")
"""What stands for where an app is to listen."""


def texts_of(service: Service) -> tuple[str, ...]:
    """Where an app's settings may name other services."""
    return (service.command or "", *(value for _, value in service.env))


def references(text: str) -> list[tuple[str, str]]:
    """Names of services, each with what of it is wanted (only ``url`` means something)."""
    return _REFERENCE.findall(text)


def needs(service: Service) -> tuple[str, ...]:
    """The services that an app names; other services need none."""
    if service.command is None:
        return ()
    found = [name for text in texts_of(service) for name, _ in references(text)]
    return tuple(dict.fromkeys(found))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with ``values`` put in for what stands in braces; what is not known stays."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def listens(service: Service) -> bool:
    """Whether an app is told where to listen."""
    return any(mark in text for text in texts_of(service) for mark in OWN_ADDRESS)


def cycle(needed: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Services that need each other, the first one again at the end; empty if there are none."""
    for name in needed:
        path = _back_to(name, (name,), needed)
        if path:
            return path
    return ()


def _back_to(
    first: str, path: tuple[str, ...], needed: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    for name in needed.get(path[-1], ()):
        if name == first:
            return (*path, name)
        if name not in path and (found := _back_to(first, (*path, name), needed)):
            return found
    return ()


def stages(wanted: Iterable[str], needed: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """All that is wanted and what it needs: each stage needs only earlier ones, and may begin at once.

    There must be no cycle.
    """
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = 1 + max((depth(each) for each in needed.get(name, ())), default=-1)
        return depths[name]

    for name in wanted:
        depth(name)
    return [
        tuple(name for name, at in depths.items() if at == stage)
        for stage in range(1 + max(depths.values(), default=-1))
    ]
