"""The kinds of values that settings hold: how each is read, shown, and described to an editor."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any

from handrail.config.expressions import ExpressionError, check_expression
from handrail.config.nearest import nearest
from handrail.frozen import dataclass
from handrail.model.tiers import Isolation, Place, ReadyRule
from handrail.model.units import parse_duration, parse_size

Schema = Mapping[str, Any]

_DURATION = r"^ *([0-9]+(\.[0-9]+)?(ms|s|m|h|d) *)+$"
_SIZE = r"^[0-9]+(\.[0-9]+)? *(B|[KMG]i?B)$"
_NOT_ZERO = r"[1-9]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Why a value cannot be used, and at which item inside it."""

    text: str
    at: tuple[str | int, ...] = ()
    fix: str = ""


class InvalidValueError(ValueError):
    """The value cannot be used; it carries every complaint."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__("; ".join(complaint.text for complaint in complaints))
        self.complaints = complaints


def _as_is(text: str) -> object:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a value may be."""

    read: Callable[[object], Any]
    """From what TOML holds to what the model holds. Raises: InvalidValueError."""
    show: Callable[[Any], str]
    """The inverse, as TOML text."""
    schema: Schema
    from_text: Callable[[str], object] = _as_is
    """From an environment variable to what TOML would hold."""


def shown(value: object) -> str:
    """What was found where something else was expected."""
    match value:
        case dict():
            return "a table"
        case list():
            return "an array"
        case bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def quoted(text: str) -> str:
    """The text as a basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _mismatch(expected: str, value: object) -> InvalidValueError:
    return InvalidValueError(Complaint(text=f"expected {expected}, got {shown(value)}"))


def _text_like(expected: str) -> Kind:
    """Any string that is not empty; ``expected`` gives an example."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not value:
            raise _mismatch(expected, value)
        return value

    return Kind(read=read, show=quoted, schema={"type": "string", "minLength": 1})


TEXT = _text_like("a string")
URL = _text_like('a string such as "postgresql://localhost/test"')
GLOB = _text_like('a glob such as "tests/net/**"')
VERSION = _text_like('a string such as "3.13"')
_CRON_FIELD = r"[0-9*,/-]+"
_CRON = rf"^{_CRON_FIELD}( {_CRON_FIELD}){{4}}$"


def _read_cron(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_CRON, value):
        raise _mismatch('five fields such as "17 3 * * 1"', value)
    return value


CRON = Kind(read=_read_cron, show=quoted, schema={"type": "string", "pattern": _CRON})


def _measure(
    expected: str, pattern: str, parse: Callable[[str], float], show: Callable[[Any], str]
) -> Kind:
    """A number with a unit, above zero."""

    def read(value: object) -> float:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            try:
                measure = parse(value)
            except ValueError:  # spaces between the digits of one number
                raise _mismatch(expected, value) from None
            if measure > 0:
                return measure
            raise InvalidValueError(Complaint(text=f"must be more than zero, got {shown(value)}"))
        raise _mismatch(expected, value)

    schema = {"type": "string", "allOf": [{"pattern": pattern}, {"pattern": _NOT_ZERO}]}
    return Kind(read=read, show=show, schema=schema)


def _duration_text(seconds: float) -> str:
    for unit, factor in (("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= factor and seconds % factor == 0:
            return f'"{int(seconds // factor)}{unit}"'
    from decimal import Decimal

    return f'"{Decimal(repr(float(seconds))):f}s"'


def _size_text(size_bytes: int) -> str:
    units = {"GiB": 1024**3, "GB": 1000**3, "MiB": 1024**2, "MB": 1000**2, "KiB": 1024, "KB": 1000}
    for unit, factor in units.items():
        if size_bytes % factor == 0:
            return f'"{size_bytes // factor}{unit}"'
    return f'"{size_bytes}B"'


DURATION = _measure('a duration such as "90s"', _DURATION, parse_duration, _duration_text)
SIZE = _measure('a size such as "512MiB"', _SIZE, parse_size, _size_text)


def _whole(expected: str, minimum: int) -> Kind:
    """A whole number that is not below ``minimum``."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise _mismatch(expected, value)
        return value

    return Kind(read=read, show=str, schema={"type": "integer", "minimum": minimum})


COUNT = _whole("a whole number from 1", 1)
RETRIES = _whole("a whole number from 0", 0)
CONNECTIONS = _whole("a whole number from 5", 5)
"""Handrail has one or two itself."""


def _read_workers(value: object) -> int | None:
    if value == "auto":
        return None
    try:
        return int(COUNT.read(value))
    except InvalidValueError:
        raise _mismatch('"auto" or a whole number from 1', value) from None


WORKERS = Kind(
    read=_read_workers,
    show=lambda value: '"auto"' if value is None else str(value),
    schema={"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]},
    from_text=lambda text: int(text) if text.isdecimal() else text,
)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _mismatch("true or false", value)
    return value


FLAG = Kind(
    read=_read_flag,
    show=lambda value: "true" if value else "false",
    schema={"type": "boolean"},
)


def choice(*words: str) -> Kind:
    """One of a few words."""
    listed = f"{', '.join(words[:-1])} or {words[-1]}"

    def read(value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        near = nearest(value, words) if isinstance(value, str) else None
        hint = f"; nearest: {near}" if near else ""
        fix = f'write "{near}" instead of {shown(value)}' if near else ""
        raise InvalidValueError(
            Complaint(text=f"expected {listed}, got {shown(value)}{hint}", fix=fix)
        )

    return Kind(read=read, show=quoted, schema={"enum": list(words)})


def _member_of(kinds: type[StrEnum]) -> Kind:
    words = choice(*(member.value for member in kinds))
    return Kind(read=lambda value: kinds(words.read(value)), show=quoted, schema=words.schema)


ISOLATION = _member_of(Isolation)
PLACE = _member_of(Place)


def _read_select(value: object) -> str:
    if not isinstance(value, str):
        raise _mismatch("a pytest -m expression", value)
    try:
        check_expression(value)
    except ExpressionError as problem:
        raise InvalidValueError(
            Complaint(
                text=f"not a pytest -m expression: {problem}; the text is {shown(value)}",
                fix='join markers with and, or, not and parentheses: "slow and not (soak or chaos)"',
            )
        ) from None
    return value


SELECT = Kind(read=_read_select, show=quoted, schema={"type": "string"})


def _read_pattern(value: object) -> str:
    text = str(TEXT.read(value))
    try:
        re.compile(text)
    except re.error as problem:
        raise InvalidValueError(
            Complaint(text=f"not a regular expression: {problem}; the text is {shown(value)}")
        ) from None
    return text


PATTERN = Kind(read=_read_pattern, show=quoted, schema={**TEXT.schema, "format": "regex"})


def many(
    kind: Kind, expected: str, collect: Callable[[list[Any]], Collection[Any]] = tuple
) -> Kind:
    """An array of values of one kind."""

    def read(value: object) -> Collection[Any]:
        if not isinstance(value, list):
            raise _mismatch(expected, value)
        good: list[Any] = []
        complaints: list[Complaint] = []
        for index, each in enumerate(value):
            try:
                good.append(kind.read(each))
            except InvalidValueError as problem:
                complaints += _inside(index, problem)
        if complaints:
            raise InvalidValueError(*complaints)
        return collect(good)

    def show(values: Collection[Any]) -> str:
        texts = [kind.show(each) for each in values]
        return f"[{', '.join(texts if collect is tuple else sorted(texts))}]"

    return Kind(read=read, show=show, schema={"type": "array", "items": kind.schema})


def _inside(index: str | int, problem: InvalidValueError) -> list[Complaint]:
    return [
        Complaint(text=each.text, at=(index, *each.at), fix=each.fix) for each in problem.complaints
    ]


def _read_pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise _mismatch('a table such as { NAME = "value" }', value)
    complaints = [
        Complaint(text=f"expected a string, got {shown(each)}", at=(name,))
        for name, each in value.items()
        if not isinstance(each, str)
    ]
    if complaints:
        raise InvalidValueError(*complaints)
    return tuple(value.items())


def key_text(name: str) -> str:
    """A key as TOML writes it: bare where it can be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


PAIRS = Kind(
    read=_read_pairs,
    show=lambda pairs: "{ " + ", ".join(f"{key_text(k)} = {quoted(v)}" for k, v in pairs) + " }",
    schema={"type": "object", "additionalProperties": {"type": "string"}},
)


def _read_command(value: object) -> str:
    import shlex  # few projects have a command

    text = str(TEXT.read(value))
    try:
        words = shlex.split(text)
    except ValueError as problem:
        message = str(problem)
        raise InvalidValueError(
            Complaint(
                text=f"not a command: {message[:1].lower()}{message[1:]}; the text is {shown(value)}",
                fix="close the quotation, or write quotes that are meant as such with a backslash",
            )
        ) from None
    if not words:
        raise _mismatch("a command", value)
    return text


COMMAND = Kind(read=_read_command, show=quoted, schema=TEXT.schema)

_PATH = _text_like('a path such as "/health"')


def _read_path(value: object) -> str:
    text = str(_PATH.read(value))
    if not re.fullmatch(r"/[!-~]*", text):
        raise _mismatch('a path such as "/health"', value)
    return text


_READY: Mapping[str, tuple[str, Kind]] = {
    "http": (
        "http",
        Kind(
            read=_read_path,
            show=quoted,
            schema={"type": "string", "pattern": "^/[!-~]*$"},
        ),
    ),
    "tcp": ("tcp", FLAG),
    "line": ("line", PATTERN),
    "within": ("within_s", DURATION),
}
"""Keys of ``ready``, each with its field of ``ReadyRule``."""


def _read_ready(value: object) -> ReadyRule:
    if not isinstance(value, dict):
        raise _mismatch('a table such as { http = "/health", within = "30s" }', value)
    fields: dict[str, Any] = {}
    complaints: list[Complaint] = []
    for name, each in value.items():
        if name not in _READY:
            near = nearest(name, _READY)
            hint = f"nearest: {near}" if near else f"known: {', '.join(_READY)}"
            fix = f"rename {name} to {near}" if near else ""
            complaints.append(Complaint(text=f"unknown key; {hint}", at=(name,), fix=fix))
            continue
        field, kind = _READY[name]
        try:
            fields[field] = kind.read(each)
        except InvalidValueError as problem:
            complaints += _inside(name, problem)
    if complaints:
        raise InvalidValueError(*complaints)
    return ReadyRule(**fields)


def _show_ready(rule: ReadyRule) -> str:
    shown_keys = [
        f"{name} = {kind.show(value)}"
        for name, (field, kind) in _READY.items()
        if (value := getattr(rule, field)) not in (None, False)
    ]
    return "{ " + ", ".join(shown_keys) + " }"


READY = Kind(
    read=_read_ready,
    show=_show_ready,
    schema={
        "type": "object",
        "properties": {name: kind.schema for name, (_, kind) in _READY.items()},
        "additionalProperties": False,
    },
)
