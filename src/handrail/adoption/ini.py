"""A section of an ini file as pytest reads it, comments kept, and as a table of TOML. No I/O."""

import re
import shlex
from collections.abc import Iterator, Sequence

from handrail.config.kinds import key_text, quoted
from handrail.frozen import dataclass

_ARGUMENTS = frozenset({
    "addopts", "doctest_optionflags", "norecursedirs", "python_classes",
    "python_files", "python_functions", "pythonpath", "required_plugins", "testpaths", "usefixtures",
})  # fmt: skip
"""Keys whose text pytest splits as a shell does."""
_LINES = frozenset({"filterwarnings", "markers"})
"""Keys whose text it splits at the ends of lines."""
_FLAGS = frozenset({
    "log_cli", "strict", "strict_config", "strict_markers", "strict_parametrization_ids",
    "strict_xfail", "xfail_strict",
})  # fmt: skip
_BARE = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key with all that belongs to it."""

    name: str
    """Empty: comments and blank lines only."""
    lines: tuple[str, ...]
    """The value, stripped; comments among them begin with ``#``."""

    @property
    def value(self) -> str:
        """As pytest reads it."""
        return "\n".join(line for line in self.lines if line and not line.startswith("#"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Where a section stands, and what is in it."""

    first: int
    """Its header, counted from 0."""
    end: int
    """The line behind it: what stands from there on belongs to the next section."""
    entries: tuple[Entry, ...]
    before: tuple[str, ...] = ()
    """Comments above the header."""


def section(text: str, name: str) -> Section | None:
    """The section of that name.

    Source: iniconfig, which pytest reads ini files with: a comment is a whole line; a line that
    begins with a space goes on with the value above; ``=`` or ``:`` ends a key.
    """
    lines = text.splitlines()
    headers = [at for at, line in enumerate(lines) if line.startswith("[")]
    first = next((at for at in headers if _header(lines[at]) == name), None)
    if first is None:
        return None
    following = next((at for at in headers if at > first), None)
    end = len(lines) if following is None else following
    while following is not None and end > first + 1 and _is_comment(lines[end - 1]):
        end -= 1  # what stands right above a header is about what follows
    above = first
    while above > 0 and _is_comment(lines[above - 1]):
        above -= 1
    return Section(
        first=first,
        end=end,
        entries=tuple(_entries(lines[first + 1 : end])),
        before=tuple(_comment(line) for line in lines[above:first]),
    )


def sections(text: str) -> list[str]:
    """The names of all sections."""
    return [_header(line) for line in text.splitlines() if line.startswith("[")]


def _header(line: str) -> str:
    return re.split(r"[#;]", line)[0].strip()[1:-1]


def _is_comment(line: str) -> bool:
    return line.lstrip()[:1] in {"#", ";"}


def _comment(line: str) -> str:
    bare = line.strip()
    return f"#{bare[1:]}" if bare[:1] == ";" else bare


def _entries(lines: Sequence[str]) -> Iterator[Entry]:
    name, values, waiting = "", list[str](), list[str]()
    for line in lines:
        if not line.strip() or _is_comment(line):
            waiting.append(_comment(line))
        elif line[0].isspace() and name:
            values += [*waiting, line.strip()]
            waiting = []
        else:
            if name:
                yield Entry(name=name, lines=tuple(values))
            if waiting:
                yield Entry(name="", lines=tuple(waiting))
                waiting = []
            name, value = _split(line)
            values = [value] if value else []
    if name:
        yield Entry(name=name, lines=tuple(values))
    if waiting:
        yield Entry(name="", lines=tuple(waiting))


def _split(line: str) -> tuple[str, str]:
    name, sign, value = line.partition("=")
    if not sign or ":" in name:
        name, _, value = line.partition(":")
    return name.strip(), value.strip()


def as_toml(entries: Sequence[Entry]) -> Iterator[str]:
    """The lines of a table that says the same to pytest."""
    for entry in entries:
        if not entry.name:
            yield from entry.lines
        else:
            yield from _key(entry)


def _key(entry: Entry) -> Iterator[str]:
    key = key_text(entry.name)
    words = _words(entry)
    if words is not None:
        yield from _array(key, words, is_long=len(entry.lines) > 1)
    elif entry.name in _FLAGS and entry.value.lower() in {"true", "false"}:
        yield f"{key} = {entry.value.lower()}"
    else:
        yield from (line for line in entry.lines if line.startswith("#"))
        yield from _text(key, entry.value)


def _words(entry: Entry) -> list[str] | None:
    """What goes into an array, comments among it; None if it has to stay one text."""
    if entry.name in _LINES:
        return [line for line in entry.lines if line]
    if entry.name not in _ARGUMENTS:
        return None
    words: list[str] = []
    try:
        for line in entry.lines:
            words += [line] if line.startswith("#") else shlex.split(line)
        whole = shlex.split(entry.value)
    except ValueError:  # a quotation over several lines
        return None
    has_hash = any(word.startswith("#") for word in whole)
    is_same = [word for word in words if not word.startswith("#")] == whole
    return words if is_same and not has_hash else None


def _array(key: str, words: Sequence[str], *, is_long: bool) -> Iterator[str]:
    if not is_long:
        yield f"{key} = [{', '.join(map(quoted, words))}]"
        return
    yield f"{key} = ["
    yield from (f"    {word if word.startswith('#') else f'{quoted(word)},'}" for word in words)
    yield "]"


def _text(key: str, value: str) -> Iterator[str]:
    if "\n" in value and "'''" not in f"{value}'" and _BARE.fullmatch(value):
        yield f"{key} = '''"
        *lines, last = value.split("\n")
        yield from (*lines, f"{last}'''")
    elif "\\" in value and "'" not in value and "\n" not in value and _BARE.fullmatch(value):
        yield f"{key} = '{value}'"
    else:
        yield f"{key} = {quoted(value)}"
