"""What ``init`` wants to change and to say. No I/O."""

import difflib
from collections.abc import Iterable, Iterator

from handrail.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file, before and after."""

    path: str
    """From the project's root."""
    before: str | None
    """None: there is none."""
    after: str | None
    """None: it is removed."""
    why: str
    is_shown: bool = True
    """Whether it is in the diff; nobody reads a lock."""

    @property
    def action(self) -> str:
        """In one word."""
        if self.before is None:
            return "create"
        return "remove" if self.after is None else "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to know, which ``init`` does not change."""

    what: str
    where: str = ""
    """Places, one in each line."""
    page: str = ""
    """Of the documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All that one call of ``init`` proposes."""

    changes: tuple[Change, ...] = ()
    notes: tuple[Note, ...] = ()
    is_to_be_proven: bool = False
    """Whether it may only be shown if the same tests are collected afterwards."""
    proof: str = ""
    """What was compared."""


def diff(changes: Iterable[Change]) -> str:
    """One unified diff, as ``git apply`` reads it."""
    return "".join(line for change in changes if change.is_shown for line in _lines(change))


def _lines(change: Change) -> Iterator[str]:
    there = "/dev/null" if change.before is None else f"a/{change.path}"
    here = "/dev/null" if change.after is None else f"b/{change.path}"
    before, after = _split(change.before or ""), _split(change.after or "")
    for line in difflib.unified_diff(before, after, there, here):
        if line.endswith("\n"):
            yield line
        else:
            yield f"{line}\n\\ No newline at end of file\n"


def _split(text: str) -> list[str]:
    """Lines end at a newline only: TOML and ini files may hold other separators."""
    parts = text.split("\n")
    return [f"{each}\n" for each in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
