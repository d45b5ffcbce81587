"""pytest's settings moved into ``pyproject.toml``, or made strict. No I/O; the proof is elsewhere."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from handrail.adoption.blocks import appended, fenced, inserted, newline_of
from handrail.adoption.changes import Change, Note, Proposal
from handrail.adoption.ini import Section, as_toml, section, sections
from handrail.adoption.inventory import Inventory, PytestSettings, pytest_settings, table
from handrail.adoption.planning import PYPROJECT, CannotAddError, parsed
from handrail.config.locating import lines
from handrail.errors import UserError

_TABLE = "tool.pytest.ini_options"
_STRICT_SINCE = 9


class CannotMoveError(UserError):
    """pytest's settings cannot be moved as they are; nothing is written."""

    reference = "cannot-move"


def moved(inventory: Inventory) -> Proposal:
    """``pytest.ini``, ``tox.ini`` or ``setup.cfg``, whichever pytest reads, in ``pyproject.toml``.

    Raises: CannotMoveError, CannotAddError.
    """
    found = list(pytest_settings(inventory))
    if not found or found[0].path.endswith(".toml"):
        return Proposal()
    source = found[0]
    if any(each.path == PYPROJECT for each in found):
        raise CannotMoveError(
            f"pytest reads {source.path}; pyproject.toml has settings for it too, which it does not read",
            where="\n".join(each.where for each in found),
            hint=f"put what is meant into {source.path}, or remove {source.path}",
        )
    text = inventory.files[source.path]
    place = section(text, source.section)
    is_whole = source.path.endswith("pytest.ini")
    if is_whole and (others := [each for each in sections(text) if each != source.section]):
        raise CannotMoveError(
            f"{source.path} is not for pytest alone",
            where="\n".join(f"{source.path} [{each}]" for each in others),
            hint="move these sections elsewhere first",
        )
    before = inventory.files.get(PYPROJECT)
    after = _with_table(before, place)
    _check_moved(parsed(before), after, place)
    rest = None if is_whole or place is None else _without(text, place)
    return Proposal(
        changes=(
            Change(path=PYPROJECT, before=before, after=after, why=f"[{_TABLE}]"),
            Change(path=source.path, before=text, after=rest, why="what has moved"),
        ),
        notes=tuple(_notes(inventory, source)),
        is_to_be_proven=True,
    )


def _with_table(before: str | None, place: Section | None) -> str:
    entries = place.entries if place else ()
    body = "\n".join(as_toml(entries)).strip("\n")
    above = "".join(f"{line}\n" for line in (place.before if place else ()))
    added = f"{above}[{_TABLE}]\n" + (f"{body}\n" if body else "")
    if not before:
        return added
    newline = newline_of(before)
    gap = newline if before.endswith("\n") else newline * 2
    return before + gap + added.replace("\n", newline)


def _check_moved(before: Mapping[str, Any], after: str, place: Section | None) -> None:
    """The table says what the section said; everything else is as it was."""
    try:
        now = tomllib.loads(after)
    except ValueError as problem:
        raise CannotMoveError(
            "[tool.pytest.ini_options] cannot be added below what is there",
            where=f"{PYPROJECT}: {problem}",
            hint="write `tool` as [tool.NAME] tables, not as an inline table",
        ) from None
    options = table(now, "tool", "pytest", "ini_options")
    wanted = {entry.name for entry in (place.entries if place else ()) if entry.name}
    if _without_pytest(now) != _without_pytest(before) or set(options) != wanted:
        raise CannotMoveError(
            "settings cannot be moved without changing something else",
            where=PYPROJECT,
            hint="move them by hand",
        )


def _without_pytest(document: Mapping[str, Any]) -> dict[str, Any]:
    tools = {name: each for name, each in table(document, "tool").items() if name != "pytest"}
    return {**document, "tool": tools}


def _without(text: str, place: Section) -> str | None:
    """None: nothing is left."""
    kept = text.splitlines(keepends=True)
    above = place.first - len(place.before)
    rest = "".join(kept[:above]).rstrip("\r\n") + ("\n" if kept[:above] else "")
    behind = "".join(kept[place.end :]).lstrip("\r\n")
    gap = newline_of(text) if rest and behind else ""
    left = (rest.replace("\n", newline_of(text)) if "\r" not in rest else rest) + gap + behind
    return left if left.strip() else None


def _notes(inventory: Inventory, source: PytestSettings) -> Iterator[Note]:
    if PYPROJECT not in inventory.files and "setup.py" in inventory.files:
        yield Note(
            what="pyproject.toml is new: pip builds this project in isolation from now on",
            where="setup.py",
        )
    pattern = re.compile(rf"(?<![\w.-]){re.escape(source.path)}(?![\w.-])")
    where = [
        f"{path}:{number}"
        for path, text in inventory.files.items()
        if path not in {source.path, PYPROJECT}
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    if where and source.path.endswith("pytest.ini"):
        yield Note(what=f"{source.path} is named elsewhere; it is gone", where="\n".join(where))


def strict(inventory: Inventory, pytest_version: tuple[int, ...]) -> Proposal:
    """``strict = true``, where pytest reads its settings.

    Raises: CannotAddError, also for a pytest that does not know it.
    """
    if pytest_version < (_STRICT_SINCE,):
        version = ".".join(map(str, pytest_version)) or "not installed"
        raise CannotAddError(
            "strict = true is of pytest 9",
            where=f"pytest here: {version}",
            hint='upgrade pytest, or write addopts = ["--strict-markers"] yourself',
        )
    settings = next(iter(pytest_settings(inventory)), None)
    if settings is not None and "strict" in settings.values:
        return Proposal()
    if settings is None:
        before = inventory.files.get(PYPROJECT)
        parsed(before)
        path, after = PYPROJECT, appended(before, fenced([f"[{_TABLE}]", "strict = true"]))
    else:
        path, before = settings.path, inventory.files[settings.path]
        after = inserted(before, _header_line(before, settings), fenced(["strict = true"]))
    change = Change(
        path=path, before=before, after=after, why="unknown markers and keys are errors"
    )
    _check_strict(change, settings.section if settings else _TABLE)
    return Proposal(changes=(change,), is_to_be_proven=True)


def _header_line(text: str, settings: PytestSettings) -> int:
    """Where its header stands, counted from 1."""
    if not settings.path.endswith(".toml"):
        place = section(text, settings.section)
        at = 0 if place is None else place.first + 1
    else:
        at = lines(text).get(tuple(settings.section.split(".")), 0)
    rows = text.splitlines()
    bare = re.sub(r"\s|[#;].*", "", rows[at - 1]) if at else ""
    if bare != f"[{settings.section}]":
        raise CannotAddError(
            "strict = true cannot be added: pytest's settings have no header of their own",
            where=settings.where,
            hint=f"write [{settings.section}] there, or add strict = true by hand",
        )
    return at


def _check_strict(change: Change, section_name: str) -> None:
    if not change.path.endswith(".toml") or change.after is None:
        return
    names = section_name.split(".")
    now = tomllib.loads(change.after)
    inner: Any = now
    for name in names:
        inner = inner[name]
    is_there = inner.pop("strict", None) is True
    if not is_there or _pruned(now) != _pruned(parsed(change.before)):
        raise CannotAddError(
            "strict = true cannot be added without changing what is there",
            where=change.path,
            hint="add it by hand",
        )


def _pruned(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without tables that hold nothing."""
    kept = {
        name: _pruned(each) if isinstance(each, dict) else each for name, each in document.items()
    }
    return {name: each for name, each in kept.items() if each != {}}
