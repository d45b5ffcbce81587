"""Where a key was written, checked against documents whose lines are known."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handrail.config.locating import Path, line_of, lines

NAMES = st.sampled_from(
    ["a", "b", "c-d", "1", "x.y", "ü", "with space", 'quo"te', "#no", "[t]", "="]
)
VALUES = st.sampled_from(
    [
        "1",
        "true",
        '"# not = a comment"',
        "'[x]'",
        '""',
        "''",
        '"\\""',
        '["a",\n  # ] "\n  "b"\n]',
        "[[1, 2], [3]] # [",
        '{ a = 1, b = { c = "}" } }',
        '"""\n[a]\nb = 1\n"quoted" \\\n  """',
        "'''\n[[a]]\n'' c = 2'''",
        '"""two quotes at the end"""""',
        "'''''ab'''",
        '""""""',
        "1979-05-27T07:32:00Z",
        '[ """\na = 1\n""" ]\t',
    ]
)
BLANKS = st.sampled_from(["", "", "\n", "# key = 1\n", "  # [table]\n\n", "\t\n"])


def quoted(name: str, style: int) -> str:
    if name.isascii() and name.replace("-", "").isalnum() and style % 3 == 0:
        return name
    if style % 3 == 1 and "'" not in name:
        return f"'{name}'"
    return json.dumps(name)


def dotted(draw: st.DrawFn, names: list[str]) -> str:
    dot = draw(st.sampled_from([".", " . ", ". "]))
    return dot.join(quoted(name, draw(st.integers(0, 2))) for name in names)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Path, int]]:
    """A valid document, and the line of every key and header that it writes out."""
    text, expected = "", {}
    sizes: dict[str, int] = {}
    table: Path = ()
    for _ in range(draw(st.integers(0, 12))):
        text += draw(BLANKS)
        line = text.count("\n") + 1
        names = draw(st.lists(NAMES, min_size=1, max_size=3))
        header = draw(st.sampled_from(["", "", "", "[]", "[[]]"]))
        if header == "[]":
            added, path = f"[{dotted(draw, names)}] # x\n", resolved(names, sizes)
        elif header:
            added, path = f"[[{dotted(draw, names[:1])}]]\n", (names[0], sizes.get(names[0], 0))
        else:
            added = f"{dotted(draw, names)} = {draw(VALUES)}\n"
            path = (*table, *names)
        if not is_valid(text + added):
            continue
        text += added
        expected[path] = line
        if header == "[[]]":
            sizes[names[0]] = sizes.get(names[0], 0) + 1
        table = path if header else table
    return text, expected


def resolved(names: list[str], sizes: dict[str, int]) -> Path:
    first, *rest = names
    return (first, *([sizes[first] - 1] if first in sizes else []), *rest)


def is_valid(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def paths_in(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    if isinstance(value, dict):
        for name, each in value.items():
            yield from paths_in(each, (*path, name))


@given(documents())
def test_every_key_and_header_is_found_on_the_line_where_it_was_written(
    document: tuple[str, dict[Path, int]],
) -> None:
    text, expected = document

    found = lines(text)

    assert {path: found.get(path) for path in expected} == expected


@given(documents())
def test_nothing_is_found_that_tomllib_does_not_read(
    document: tuple[str, dict[Path, int]],
) -> None:
    text, _ = document

    for path in lines(text):
        value: Any = tomllib.loads(text)
        for step in path:
            value = value[step]


@given(documents())
def test_windows_line_ends_change_nothing(document: tuple[str, dict[Path, int]]) -> None:
    text, _ = document

    assert lines(text.replace("\n", "\r\n")) == lines(text)


@given(documents())
def test_every_path_has_a_line_inside_the_document(
    document: tuple[str, dict[Path, int]],
) -> None:
    text, _ = document
    found = lines(text)

    for path in paths_in(tomllib.loads(text)):
        assert 1 <= line_of(found, path) <= text.count("\n") + 1


def test_a_table_without_a_header_is_where_it_is_first_named() -> None:
    found = lines("\n[a.b.c]\nx.y = 1\n[a.b.d]\n")

    assert (found["a",], found["a", "b"], found["a", "b", "c", "x"]) == (2, 2, 3)


def test_a_header_beats_an_earlier_mention() -> None:
    assert lines("[a.b]\n[a]\nx = 1\n")["a",] == 2


def test_tables_below_an_array_belong_to_its_last_item() -> None:
    found = lines("[[a]]\nx = 1\n[[a]]\n[a.b]\ny = 2\n[[a.c]]\nz = 3\n")

    assert found["a", 0, "x"] == 2
    assert found["a", 1] == 3
    assert found["a", 1, "b", "y"] == 5
    assert found["a", 1, "c", 0, "z"] == 7


def test_what_lies_in_an_inline_table_is_where_the_table_is() -> None:
    assert line_of(lines("\na = { b = { c = 1 } }"), ("a", "b", "c")) == 2


def test_an_unknown_path_is_on_the_first_line() -> None:
    assert line_of(lines("\n\na = 1"), ("b", "c")) == 1
