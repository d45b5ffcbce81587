"""Settings as a person reads them, and as an editor checks them."""

from collections.abc import Sequence
from typing import Any

from handrail.config.keys import SCALARS, SECTIONS, Key, Section, dotted, tables_of
from handrail.config.kinds import WORKERS
from handrail.model.tiers import Settings

_COMMENT_COLUMN = 60
"""Longer lines do not push the comments of the others to the right."""


def show(settings: Settings) -> str:
    """Every effective setting as TOML that would give the same settings, with its origin.

    Keys of tiers and the like that are not set are left out. No final newline.
    """
    origins = dict(settings.origins)
    blocks = []
    for path, table, keys in tables_of(settings):
        name = dotted(("tool", "handrail", *path))
        is_item = bool(path) and isinstance(path[-1], int)
        header = f"[[{name.rpartition('[')[0]}]]" if is_item else f"[{name}]"
        rows = [
            (line, origins.get(dotted((*path, key.name)), "default"))
            for key in keys
            if (line := _line(key, getattr(table, key.field), is_scalar=not path))
        ]
        blocks.append("\n".join([header, *_aligned(rows)]))
    return "\n\n".join(blocks)


def _line(key: Key, value: object, *, is_scalar: bool) -> str:
    """One setting; empty if it is not worth a line."""
    is_unset = value is None or value in ((), frozenset(), "")
    if is_unset and not is_scalar:
        return ""
    if value is None and key.kind is not WORKERS:
        return f"# {key.name} is not set"
    return f"{key.name} = {key.kind.show(value)}"


def _aligned(rows: Sequence[tuple[str, str]]) -> list[str]:
    short = [len(line) for line, _ in rows if len(line) <= _COMMENT_COLUMN]
    width = max(short, default=0)
    return [f"{line:<{width}}  # {origin}" for line, origin in rows]


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the ``[tool.handrail]`` table."""
    scalars = _object(SCALARS)
    families = {section.name: _family(section) for section in SECTIONS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "[tool.handrail] in pyproject.toml",
        **scalars,
        "properties": scalars["properties"] | families,
    }


def _family(section: Section) -> dict[str, Any]:
    entry = _object(section.keys)
    if section.is_list:
        return {"description": section.about, "type": "array", "items": entry}
    return {
        "description": section.about,
        "type": "object",
        "propertyNames": {"pattern": r"\S"},
        "additionalProperties": entry,
    }


def _object(keys: Sequence[Key]) -> dict[str, Any]:
    required = [key.name for key in keys if key.is_required]
    return {
        "type": "object",
        "properties": {key.name: {"description": key.about, **key.kind.schema} for key in keys},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }
