"""Find the line on which a key of a TOML document was written.

``tomllib`` gives values without places. This scanner reads only what it needs to know them: headers,
keys, and where a value ends. It trusts that ``tomllib`` accepted the text before.
"""

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""Names of tables and keys, with the index (from 0) after the name of an array of tables."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_NAME = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*""")
_VALUE = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""(?:"{0,2})'''
    r"""|'''.*?'''(?:'{0,2})"""
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{}]|\n|[^"'\#\[\]{}\n]+""",
    re.DOTALL,
)


def lines(text: str) -> Mapping[Path, int]:
    """The line of every table and key, counted from 1.

    A table is where its header is, or else where it is first named; what lies inside an inline table
    or an array is not listed (see ``line_of``). The text must be valid TOML.
    """
    found: dict[Path, int] = {}
    sizes: dict[Path, int] = {}
    table: Path = ()
    at = _after_blank(text, 0)
    line = 1 + text.count("\n", 0, at)
    while at < len(text):
        opening = 2 if text.startswith("[[", at) else int(text.startswith("[", at))
        names, end = _names(text, at + opening)
        if opening:
            table = _open(found, sizes, names, line, is_array=opening == 2)
            end += opening
        else:
            _note(found, table, names, line)
            found[table + names] = line
            end = _after_value(text, end + 1)
        end = _after_blank(text, end)
        line += text.count("\n", at, end)
        at = end
    return found


def line_of(found: Mapping[Path, int], path: Path) -> int:
    """The line of a key, or of the nearest thing around it that has one; 1 if nothing has."""
    while path and path not in found:
        path = path[:-1]
    return found.get(path, 1)


def _open(
    found: dict[Path, int], sizes: dict[Path, int], names: Path, line: int, *, is_array: bool
) -> Path:
    """Note a header; return the full path of the table that it opens."""
    path: Path = ()
    for depth, name in enumerate(names, start=1):
        path = (*path, name)
        found.setdefault(path, line)
        if depth == len(names) and is_array:
            sizes[path] = sizes.get(path, 0) + 1
        if path in sizes:
            path = (*path, sizes[path] - 1)
    found[path] = line
    return path


def _note(found: dict[Path, int], table: Path, names: Path, line: int) -> None:
    """Note the tables that a dotted key names for the first time."""
    for depth in range(1, len(names)):
        found.setdefault(table + names[:depth], line)


def _after_blank(text: str, at: int) -> int:
    """Where the next thing begins that is neither white space nor a comment."""
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _names(text: str, at: int) -> tuple[Path, int]:
    """Read a dotted key; return its names and where it ends."""
    names = []
    while True:
        name = _NAME.match(text, at)
        if name is None:
            raise ValueError(f"not a TOML key at offset {at}")
        names.append(_bare(name[1]))
        at = name.end()
        if text[at : at + 1] != ".":
            return tuple(names), at
        at += 1


def _bare(name: str) -> str:
    if name[0] in "\"'":
        return str(tomllib.loads(f"name = {name}")["name"])
    return name


def _after_value(text: str, at: int) -> int:
    """Where the line ends that a value ends on."""
    depth = 0
    for part in _VALUE.finditer(text, at):
        if part[0] in "[{":
            depth += 1
        elif part[0] in "]}":
            depth -= 1
        elif part[0] == "\n" and depth == 0:
            return part.start()
    return len(text)
