"""The quarantine file: its text to entries, with every error at once, and back."""

import datetime as dt
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from handrail.config.locating import line_of, lines
from handrail.config.nearest import nearest
from handrail.config.problems import ConfigError, ConfigProblem
from handrail.model.quarantine import Quarantined

NAME = ".handrail-quarantine.toml"
"""Beside ``pyproject.toml``, under version control."""
_HEADER = """\
# Tests that run and are reported but do not make a run fail, each until a day.
# handrail flaky quarantine TEST --reason ... --owner ... --for 14d adds one, handrail flaky release TEST removes it.
"""
_REQUIRED = ("test", "reason", "owner", "expires")
_KNOWN = (*_REQUIRED, "since")
_DAYS = ("expires", "since")
_TABLE = "quarantine"


def parse(text: str, *, today: str, path: str = NAME) -> tuple[Quarantined, ...]:
    """The entries, in their order. Raises: ConfigError, which tells all problems of the file."""
    try:
        document = tomllib.loads(text)
    except ValueError as error:
        problem = ConfigProblem(where=path, text=f"not valid TOML: {error}")
        raise ConfigError([problem]) from None
    places = lines(text)
    problems: list[ConfigProblem] = []

    def complain(at: tuple[str | int, ...], text: str, fix: str) -> None:
        where = f"{path}:{line_of(places, at)}"
        problems.append(ConfigProblem(where=where, text=text, fix=fix))

    for name in document:
        if name != _TABLE:
            complain((name,), f"unknown key {name}", f"write [[{_TABLE}]]")
    written = document.get(_TABLE, [])
    if not isinstance(written, list) or not all(isinstance(each, dict) for each in written):
        complain((_TABLE,), f"expected tables [[{_TABLE}]]", f"write [[{_TABLE}]]")
        written = []
    found: dict[str, int] = {}
    for number, entry in enumerate(written):
        at = (_TABLE, number)
        for key, said, fix in _complaints(entry):
            complain((*at, key), said, fix)
        test = entry.get("test")
        if isinstance(test, str) and found.setdefault(test, number) != number:
            complain((*at, "test"), f"{test} is in quarantine twice", "remove one of the two")
    if problems:
        raise ConfigError(sorted(problems, key=_line))
    return tuple(_entry(each, today) for each in written)


def _line(problem: ConfigProblem) -> int:
    return int(problem.where.rpartition(":")[2])


def _complaints(entry: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Key, what is wrong, and what to try."""
    for key in entry:
        if key not in _KNOWN:
            near = nearest(key, _KNOWN)
            said = f"unknown key {key}; nearest: {near}" if near else f"unknown key {key}"
            yield key, said, f"rename {key} to {near}" if near else f"remove {key}"
    for key in _REQUIRED:
        if key not in entry:
            yield key, f"{key} is missing", f"add {key} = ..."
    for key in _KNOWN:
        if key in entry and not _is_valid(key, entry[key]):
            wanted = "a day such as 2026-12-05" if key in _DAYS else "text"
            yield key, f"{key}: expected {wanted}", f"write {key} as {wanted}"


def _is_valid(key: str, value: object) -> bool:
    if key in _DAYS:
        return _day(value) is not None
    return isinstance(value, str) and bool(value.strip())


def _day(value: object) -> str | None:
    if isinstance(value, dt.datetime):
        return None
    if isinstance(value, dt.date):
        return value.isoformat()
    try:
        return dt.date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _entry(written: Mapping[str, Any], today: str) -> Quarantined:
    expires = _day(written["expires"]) or ""
    return Quarantined(
        test=written["test"],
        reason=written["reason"],
        owner=written["owner"],
        expires=expires,
        since=_day(written["since"]) or "" if "since" in written else "",
        is_expired=expires < today,
    )


def added(text: str, entry: Quarantined) -> str:
    """The text of the file with one more entry; what is there already stays as it is."""
    fields = {"test": entry.test, "reason": entry.reason, "owner": entry.owner}
    written = [f"{key} = {_quoted(value)}" for key, value in fields.items()]
    days = [f"{key} = {day}" for key, day in (("since", entry.since), ("expires", entry.expires))]
    block = "\n".join([f"[[{_TABLE}]]", *written, *(each for each in days if each[-1] != " ")])
    return f"{(text or _HEADER).rstrip()}\n\n{block}\n"


def _quoted(value: str) -> str:
    """As a string of TOML, which are those of JSON but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def without(text: str, tests: Sequence[str]) -> str:
    """The text of the file without the entries of these tests."""
    written = tomllib.loads(text)[_TABLE]
    places = lines(text)
    starts = [line_of(places, (_TABLE, number)) for number in range(len(written))]
    rows = text.split("\n")
    ends = [*starts[1:], len(rows) + 1]
    for number in reversed(range(len(written))):
        if written[number]["test"] in tests:
            del rows[starts[number] - 1 : ends[number] - 1]
    return "\n".join(rows).rstrip() + "\n"
