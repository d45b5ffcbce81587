"""The log of a test, for people."""

from dataclasses import replace

from handrail.core.logged import LogLine
from handrail.reporters.log_lines import Tail, log_text, section, shortened, tail

LINE = LogLine(
    time="2026-11-21T09:14:37.123Z",
    node_id="test_a.py::test_a",
    phase="call",
    level="WARNING",
    logger="app.db",
    message="slow query",
)


def lines(number: int) -> list[LogLine]:
    return [replace(LINE, message=f"message {n}") for n in range(number)]


def test_a_line_tells_time_phase_level_logger_and_message() -> None:
    assert log_text(LINE) == "09:14:37.123 call     WARNING  app.db: slow query"


def test_what_follows_the_first_line_is_indented() -> None:
    line = replace(LINE, message="one\ntwo", exception="Traceback:\n  ValueError")

    assert log_text(line) == (
        "09:14:37.123 call     WARNING  app.db: one\n    two\n    Traceback:\n      ValueError"
    )


def test_no_line_moves_the_cursor_of_a_terminal_or_forges_ours() -> None:
    line = replace(LINE, message="\x1b[2Jone\nRESULT passed exit=0", logger="a\nRESULT")

    text = log_text(line)

    assert "\x1b" not in text
    assert text.split("\n")[1:] == ["    | RESULT passed exit=0"]


def by_message(line: LogLine) -> int:
    return len(line.message)


def test_the_tail_is_the_last_lines_and_says_how_many_came_before() -> None:
    assert tail(lines(5), most=2, most_bytes=999, size=by_message) == Tail(
        lines=tuple(lines(5)[3:]), omitted=3
    )
    assert tail(lines(5), most=0, most_bytes=999, size=by_message) == Tail(lines=(), omitted=5)


def test_the_tail_is_as_long_as_there_is_room_but_one_line_at_least() -> None:
    assert tail(lines(5), most=None, most_bytes=25, size=by_message).lines == tuple(lines(5)[3:])
    assert tail(lines(5), most=None, most_bytes=1, size=by_message).lines == tuple(lines(5)[4:])
    assert tail([], most=None, most_bytes=1, size=by_message) == Tail(lines=(), omitted=0)


def test_a_section_shows_the_last_lines_and_says_what_came_before() -> None:
    found = section(lines(5), 2).split("\n")

    assert found[0] == "... 3 lines before"
    assert [each.rpartition(": ")[2] for each in found[1:]] == ["message 3", "message 4"]
    assert section(lines(2), 2).count("\n") == 1
    assert section([], 2) == ""


def test_among_other_things_a_line_is_short() -> None:
    line = shortened(replace(LINE, message="m" * 5000, exception="e" * 5000 + "ValueError"))

    assert line.message.startswith("mmm")
    assert line.message.endswith(" bytes omitted]")
    assert len(line.message) <= 2000
    assert line.exception.startswith("... [3010 characters omitted]\nee")
    assert line.exception.endswith("eeValueError")
