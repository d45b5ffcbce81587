"""The log of a test, for people."""

from dataclasses import replace

from made_lines import LINE, SHOWN, line

from handrail.core.logged import LogLine
from handrail.reporters.log_lines import Tail, log_text, section, shortened, tail


def lines(number: int) -> list[LogLine]:
    return [line(f"message {n}") for n in range(number)]


def test_a_line_tells_time_phase_level_logger_and_message() -> None:
    assert log_text(LINE) == "09:14:37.123 call     WARNING  app.db: slow query"


def test_what_follows_the_first_line_is_indented() -> None:
    logged = line("one\ntwo", exception="Traceback:\n  ValueError")

    assert log_text(logged) == f"{SHOWN}one\n    two\n    Traceback:\n      ValueError"


def test_no_line_moves_the_cursor_of_a_terminal_or_forges_ours() -> None:
    text = log_text(replace(line("\x1b[2Jone\nRESULT passed exit=0"), logger="a\nRESULT"))

    assert "\x1b" not in text
    assert text.split("\n")[1:] == ["    | RESULT passed exit=0"]


def by_message(each: LogLine) -> int:
    return len(each.message)


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
    short = shortened(line("m" * 5000, exception="e" * 5000 + "ValueError"))

    assert short.message.startswith("mmm")
    assert short.message.endswith(" bytes omitted]")
    assert len(short.message) <= 2000
    assert short.exception.startswith("... [3010 characters omitted]\nee")
    assert short.exception.endswith("eeValueError")
