"""What the arguments of a tool may be, and which words of a command line they become.

What an agent writes is never an option: it stands behind a ``=``, or it does not begin with ``-``.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, assert_never

from handrail.frozen import dataclass

Schema = Mapping[str, Any]

_SHOWN = 60
_MOST_CHARACTERS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text, or several. ``pattern`` has to match all of it; ``fault`` says what it is if not."""

    pattern: str
    fault: str
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number within bounds. ``unit``: ``s``, ``B``, or nothing for whole numbers."""

    least: float
    most: float
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Yes or no; no means that the option is left out."""


Kind = Text | Number | Flag

ANYTHING = Text(pattern=r"[\s\S]+", fault="is empty")
WORD = Text(pattern=r"[^-][\s\S]*", fault="is empty, or begins with - as options do")
WORDS = Text(pattern=WORD.pattern, fault=WORD.fault, is_list=True)
RUN = Text(pattern="[a-z0-9]+", fault="is no id of a run, nor the beginning of one, nor latest")
CURSOR = Text(pattern="[a-z0-9]+:[0-9]+", fault="is no cursor; use that of an earlier answer")
PROGRESS = Text(
    pattern="end|first-failure|[1-9][0-9]?%|100%",
    fault="is neither end, nor first-failure, nor a share such as 50%",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a tool."""

    name: str
    about: str
    kind: Kind
    option: str = ""
    """Of the command line; empty for what stands behind the options."""
    default: str | float | None = None
    """Passed on if the caller gives nothing; None: then nothing is passed on."""
    is_required: bool = False

    def schema(self) -> Schema:
        """What it may be, as JSON Schema."""
        default = {} if self.default is None else {"default": self.default}
        return {"description": self.about, **_schema(self.kind), **default}

    def words(self, value: object) -> list[str]:
        """It on the command line. Raises: ValueError with what is wrong."""
        match self.kind:
            case Text() as text:
                return self._texts(text, value)
            case Number() as number:
                return self._joined(_number(number, value))
            case Flag():
                if not isinstance(value, bool):
                    raise ValueError(f"{_shown(value)} is not true or false")
                return [self.option] if value else []
            case _ as never:
                assert_never(never)

    def _texts(self, kind: Text, value: object) -> list[str]:
        if isinstance(value, list) != kind.is_list:
            raise ValueError(f"{_shown(value)} is {'no list' if kind.is_list else 'a list'}")
        found: list[str] = []
        for each in value if isinstance(value, list) else [value]:
            found += self._joined(_text(kind, each))
        return found

    def _joined(self, word: str) -> list[str]:
        if self.option.startswith("--"):
            return [f"{self.option}={word}"]
        return [self.option, word] if self.option else [word]


def _schema(kind: Kind) -> Schema:
    match kind:
        case Text():
            text = {
                "type": "string",
                "pattern": f"^({kind.pattern})$",
                "maxLength": _MOST_CHARACTERS,
            }
            return {"type": "array", "items": text} if kind.is_list else text
        case Number():
            name = "number" if kind.unit == "s" else "integer"
            return {"type": name, "minimum": kind.least, "maximum": kind.most}
        case Flag():
            return {"type": "boolean"}
        case _ as never:
            assert_never(never)


def _text(kind: Text, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is no text")
    if not re.fullmatch(kind.pattern, value):
        raise ValueError(f"{_shown(value)} {kind.fault}")
    if len(value) > _MOST_CHARACTERS:
        raise ValueError(f"{_shown(value)} is longer than {_MOST_CHARACTERS} characters")
    if not _is_passable(value):
        raise ValueError(f"{_shown(value)} holds a character that no command line can hold")
    return value


def _is_passable(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _number(kind: Number, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{_shown(value)} is no number")
    if not kind.least <= value <= kind.most:
        raise ValueError(f"{_shown(value)} is not from {kind.least:g} to {kind.most:g}")
    if kind.unit == "s":
        return f"{value:.3f}s"
    if value != int(value):
        raise ValueError(f"{_shown(value)} is no whole number")
    return f"{int(value)}{kind.unit}"


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
