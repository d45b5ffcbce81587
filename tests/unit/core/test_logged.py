"""A line of the log of tests: written, read back, bounded, without secrets."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_lines import LINE

from handrail.core.logged import (
    MOST_CHARACTERS,
    LogLine,
    decode,
    encode,
    kept_text,
    mark_of,
    time_text,
)

SECRET = "ghp_0123456789abcdefghij"
TEXT = st.text() | st.sampled_from(['{"time":"', "\n", "\udcff", '"node_id":"test_a.py::test_a"'])
LINES = st.builds(
    LogLine, time=TEXT, node_id=TEXT, phase=TEXT, level=TEXT, logger=TEXT, message=TEXT, exception=TEXT
)  # fmt: skip


def test_a_line_says_when_who_where_and_what() -> None:
    assert json.loads(encode(LINE)) == {
        "time": "2026-11-21T09:14:37.123Z",
        "node_id": "test_a.py::test_a",
        "phase": "call",
        "level": "WARNING",
        "logger": "app.db",
        "message": "slow query",
    }


@given(LINES)
def test_a_line_is_one_line_and_reads_back(line: LogLine) -> None:
    data = encode(line)

    assert data.isascii()
    assert data.index(b"\n") == len(data) - 1
    assert list(decode(data)) == [line]
    assert mark_of(line.node_id) in data


@given(LINES, LINES, st.integers(0, 10**6))
def test_a_line_that_was_cut_off_costs_no_other(cut: LogLine, whole: LogLine, at: int) -> None:
    data = encode(cut)[:-1]

    found = list(decode(data[: at % len(data)] + encode(whole)))

    assert found == [whole]


@pytest.mark.parametrize("data", [b"", b"\n", b"[]", b'{"time":"x"}\n', b"null\n", b"\xff\xfe\n"])
def test_what_is_no_line_is_left_out(data: bytes) -> None:
    assert list(decode(data)) == []


def test_an_exception_stands_in_the_line() -> None:
    line = replace(LINE, exception="Traceback\nValueError: no")

    assert json.loads(encode(line))["exception"] == "Traceback\nValueError: no"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1795252477.1239, "2026-11-21T09:14:37.123Z"),
        (1795252477.9999, "2026-11-21T09:14:37.999Z"),
    ],
)
def test_times_are_utc_with_milliseconds(at: float, text: str) -> None:
    assert time_text(at) == text


def test_secrets_are_replaced() -> None:
    assert kept_text(f"key {SECRET} and hush", ["hush"]) == "key *** and ***"


def test_half_a_surrogate_pair_is_spelled_out() -> None:
    assert kept_text("\udcff é") == "\\udcff é"


def test_of_a_long_text_the_middle_is_left_out_and_that_is_said() -> None:
    text = f"begin {'x' * MOST_CHARACTERS} end"

    kept = kept_text(text)

    assert kept.startswith("begin xxx")
    assert kept.endswith("xxx end")
    assert "... [about 10 characters left out] ..." in kept
    assert len(kept) < MOST_CHARACTERS + 60


@pytest.mark.parametrize("offset", range(-len(SECRET) - 1, 2))
def test_no_part_of_a_secret_is_left_where_a_long_text_is_cut(offset: int) -> None:
    before = "-" * (MOST_CHARACTERS // 2 + offset - 1)

    for text in (
        f"{before} {SECRET} {'x' * MOST_CHARACTERS}",
        f"{'x' * MOST_CHARACTERS} {SECRET} {before}",
    ):
        kept = kept_text(text)
        assert not [part for part in (SECRET[:5], SECRET[-5:]) if part in kept]
