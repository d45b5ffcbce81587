"""What a test leaves behind: two looks at the state of a process, compared. No I/O.

A look maps what is looked at to a *print* of its value: the value itself where that is simple, else a
tuple that begins with the name of its type. Prints are equal as long as nothing was changed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from handrail.model.leftovers import Area, Leftover

SHOWN_ITEMS = 4
SHOWN_CHARACTERS = 60


SECRET = frozenset({Area.ENVIRONMENT})
"""Areas whose values are not shown."""

Key = tuple[Area, str]
Look = Mapping[Key, Any]
"""Prints by area and name."""


def changes(before: Look, after: Look) -> Iterator[Key]:
    """What differs between two looks, in the order of the later one."""
    if before == after:
        return
    for key, value in after.items():
        if key not in before or before[key] != value:
            yield key
    for key in before:
        if key not in after:
            yield key


def leftovers(before: Look, after: Look) -> tuple[Leftover, ...]:
    """What was left behind between two looks."""
    return tuple(
        Leftover(
            area=area,
            name=name.replace(":", ".", 1),
            change=_change(area, (area, name), before, after),
        )
        for area, name in changes(before, after)
    )


def rebased(base: Look, before: Look, after: Look) -> Look:
    """``base`` with what was changed between two later looks: somebody else has to answer for that."""
    changed = dict(base)
    for key in changes(before, after):
        if key in after:
            changed[key] = after[key]
        else:
            changed.pop(key, None)
    return changed


def _change(area: Area, key: Key, before: Look, after: Look) -> str:
    if area in SECRET or area in {Area.RANDOM, Area.MODULE, Area.IMPORT}:
        return "removed" if key not in after else "changed" if key in before else "set"
    if key not in after:
        return f"{shown(before[key])} -> gone"
    if key not in before:
        return shown(after[key])
    one, other = shown(before[key]), shown(after[key])
    return f"{one} -> {other}" if one != other else f"{one} was changed inside"


def shown(value: Any) -> str:
    """A print, for a person."""
    return _cut(_shown(value))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."


_BRACKETS = {
    "list": "[]",
    "tuple": "()",
    "set": "{}",
    "frozenset": "{}",
    "deque": "[]",
    "dict": "{}",
}


def _shown(value: Any) -> str:
    if not isinstance(value, tuple):
        return repr(value)
    kind = value[0]
    if kind not in _BRACKETS:
        return str(kind) if " of " in kind else f"<{kind}>"
    count, items = value[1], value[2]
    brackets = _BRACKETS[kind]
    texts = [
        f"{_cut(_shown(item[0]))}: {_cut(_shown(item[1]))}"
        if kind == "dict"
        else _cut(_shown(item))
        for item in list(items)[:SHOWN_ITEMS]
    ]
    if count > len(texts):
        texts.append(f"... {count - len(texts)} more" if texts else f"{count} items")
    return f"{brackets[0]}{', '.join(texts)}{brackets[1]}"
