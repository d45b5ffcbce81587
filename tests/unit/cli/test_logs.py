"""What pytest printed, read in pieces while it grows: every line once, none twice."""

import io
import json
import os
import re
import tempfile
import threading
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handrail.cli.logs import logs
from handrail.errors import ExitCode, UserError
from handrail.runs.state_file import NAME, owner

MakeRun = Callable[..., Path]
OVER = {"state": "finished", "document": {"exit_code": 0}}
LOST = {"owner": {"pid": os.getpid(), "started": "0"}}
words = st.text("ab \t", max_size=9)
texts = st.lists(words | st.sampled_from(["c" * 30, "", "\n", "\n\n"]), max_size=6).map("\n".join)


class Reading:
    """One project whose log is read: ``read`` gives lines and the next cursor."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.cursor = "7k2f:0"

    def answer(self, **options: object) -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        asked = {"run": "latest", "since": None, "grep": None, "tail": None, "max_bytes": 16384}
        asked |= {"is_following": False, "is_json": False, "test": None}
        asked |= {"folder": str(self.project), **options}
        with redirect_stdout(out), redirect_stderr(err):
            assert logs(Namespace(**asked)) is ExitCode.PASSED
        return out.getvalue(), err.getvalue()

    def read(self, **options: object) -> list[str]:
        """Lines since the last answer."""
        out, err = self.answer(is_json=True, **{"since": self.cursor, **options})
        assert err == ""
        answer = json.loads(out)
        self.cursor = answer["cursor"]
        lines: list[str] = answer["lines"]
        return lines

    def rest(self, max_bytes: int, **options: object) -> list[str]:
        """All that is left, in answers of that size."""
        lines: list[str] = []
        while True:
            before = self.cursor
            lines += self.read(max_bytes=max_bytes, **options)
            if self.cursor == before:
                return lines


def begun(project: str) -> tuple[Reading, Path, Path]:
    """A run that goes on, in a new project; its log and its state."""
    folder = Path(project, ".handrail", "runs", "7k2f")
    folder.mkdir(parents=True)
    (folder.parent / "latest").write_text("7k2f\n")
    Path(project, "pyproject.toml").touch()
    say(folder / NAME, state="running")
    return Reading(Path(project)), folder / "pytest.log", folder / NAME


def say(path: Path, **changes: object) -> None:
    state = {"owner": owner(), "beat_at": 4e9, "text": "", "document": {"exit_code": 0}, **changes}
    path.write_text(json.dumps(state))


def append(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def lines_of(text: str) -> list[str]:
    """The lines of a text, the last one of which need not be ended."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def in_steps(
    texts: Sequence[str], sizes: Sequence[int], *, at_least: int = 1
) -> tuple[list[str], str]:
    """What is read while the log grows by these texts, in answers of these sizes; and the log."""
    with tempfile.TemporaryDirectory() as project:
        reading, log, state = begun(project)
        found = []
        for text, size in zip(texts, sizes, strict=False):
            append(log, text.encode())
            found += reading.read(max_bytes=max(size, at_least))
        say(state, state="finished")
        found += reading.rest(max(at_least, *sizes))
        return found, "".join(text for text, _ in zip(texts, sizes, strict=False))


@given(st.lists(texts, max_size=6), st.lists(st.integers(1, 200), min_size=1, max_size=6))
@example(["a", "b\nc"], [9, 9])
@example(["a\n", "\n", "\nb"], [9, 9, 9])
def test_every_line_is_read_once_while_the_log_grows(texts: list[str], sizes: list[int]) -> None:
    longest = max(map(len, "".join(texts).split("\n")))

    found, log = in_steps(texts, sizes, at_least=longest + 1)

    assert found == lines_of(log)


@given(st.lists(texts, max_size=6), st.lists(st.integers(1, 20), min_size=1, max_size=6))
@example(["a" * 100, "b\n"], [7, 3])
def test_nothing_is_lost_or_doubled_however_little_is_read_at_once(
    texts: list[str], sizes: list[int]
) -> None:
    found, log = in_steps(texts, sizes)

    assert "".join(found) == log.replace("\n", "")
    assert all(len(piece) <= max(sizes) for piece in found)


def test_a_line_that_is_as_long_as_an_answer_is_followed_by_no_empty_one() -> None:
    found, _ = in_steps(["abcd\nef\n"], [4])

    assert found == ["abcd", "ef"]


def test_a_long_line_is_not_cut_inside_of_a_character() -> None:
    found, log = in_steps(["aé" * 20 + "\n"], [8])

    assert "".join(found) == log.rstrip("\n")


def test_half_a_line_waits_for_its_end_while_the_run_goes_on(make_run: MakeRun) -> None:
    reading = Reading(make_run(log=b"one\ntw").parents[2])

    first = reading.read()
    append(reading.project / ".handrail/runs/7k2f/pytest.log", b"o\n")

    assert first == ["one"]
    assert reading.read() == ["two"]
    assert reading.read() == []


def test_the_last_line_of_a_run_that_is_over_need_not_be_ended(
    make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(log=b"one\ntwo", **OVER)

    assert Reading(tmp_path).answer() == ("one\ntwo\n", "cursor: 7k2f:7\n")


def test_a_run_whose_supervisor_is_gone_writes_no_more(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(log=b"one\ntwo", **LOST)

    assert Reading(tmp_path).read() == ["one", "two"]


def test_lines_go_to_stdout_and_the_cursor_to_stderr(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(log=b"one\n\ttwo\n")

    assert Reading(tmp_path).answer() == ("one\n\ttwo\n", "cursor: 7k2f:9\n")


def test_as_json_there_are_lines_cursor_and_path(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run(log="é\n".encode())

    out, err = Reading(tmp_path).answer(is_json=True)

    assert err == ""
    assert json.loads(out) == {
        "cursor": "7k2f:3",
        "lines": ["é"],
        "path": str(folder / "pytest.log"),
    }


def test_a_run_that_printed_nothing_yet_has_a_cursor(make_run: MakeRun, tmp_path: Path) -> None:
    make_run()

    assert Reading(tmp_path).answer() == ("", "cursor: 7k2f:0\n")


def test_a_cursor_stays_with_its_run(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("7k2f", log=b"one\n")
    make_run("9c2d", log=b"other\n")

    assert Reading(tmp_path).answer()[1] == "cursor: 9c2d:6\n"
    assert Reading(tmp_path).answer(since="7k2f:0") == ("one\n", "cursor: 7k2f:4\n")


@pytest.mark.parametrize("offset", [5, 10**6, 10**18, 10**30])
def test_a_cursor_behind_the_end_finds_nothing(
    make_run: MakeRun, tmp_path: Path, offset: int
) -> None:
    make_run(log=b"one\n")

    out, err = Reading(tmp_path).answer(since=f"7k2f:{offset}")

    assert (out, err) == ("", f"cursor: 7k2f:{offset}\n")


@pytest.mark.parametrize("cursor", ["7k2f", "7k2f:", ":7", "7k2f:x", "7k2f:-1", "7k2f:1.5", ":"])
def test_what_is_no_cursor_is_refused(make_run: MakeRun, tmp_path: Path, cursor: str) -> None:
    make_run(log=b"one\n")

    with pytest.raises(UserError) as caught:
        Reading(tmp_path).answer(since=cursor)

    assert caught.value.exit_code is ExitCode.CONFIG_ERROR
    assert caught.value.text() == (
        f"error: {cursor} is no cursor [usage]\n"
        "  --since\n"
        "\n"
        "hint: use what `handrail logs` printed behind `cursor:`"
    )


def test_a_cursor_with_endless_digits_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(log=b"one\n")

    with pytest.raises(UserError):
        Reading(tmp_path).answer(since=f"7k2f:{'9' * 5000}")


# The end of a log.


LONG = "".join(f"line {number}\n" for number in range(1000))


def test_of_a_long_log_the_last_whole_lines_are_shown(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(log=LONG.encode(), **OVER)

    out, err = Reading(tmp_path).answer(max_bytes=25)

    assert out == "line 998\nline 999\n"
    assert err == f"cursor: 7k2f:{len(LONG)}\n"


@given(texts, st.integers(0, 9))
def test_the_tail_is_the_last_lines(text: str, number: int) -> None:
    with tempfile.TemporaryDirectory() as project:
        reading, log, state = begun(project)
        append(log, text.encode())
        say(state, state="finished")

        found = reading.read(since=None, tail=number)

        assert found == (lines_of(text)[-number:] if number else [])


def test_a_line_that_was_drawn_over_is_one_line_of_the_tail(
    make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(log=b"one\n10%\r20%\r30%\ntwo\n")

    assert Reading(tmp_path).read(since=None, tail=2) == ["10%20%30%", "two"]


def test_a_tail_that_is_longer_than_an_answer_is_cut_at_the_front(
    make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(log=LONG.encode(), **OVER)

    out, _ = Reading(tmp_path).answer(tail=500, max_bytes=18)

    assert out == "line 998\nline 999\n"


def test_the_tail_of_a_run_that_goes_on_is_its_last_whole_line(
    make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(log=b"one\ntwo\nthr")

    assert Reading(tmp_path).read(since=None, tail=1) == ["two"]


# Lines that match.


def test_only_lines_that_match_are_shown_and_the_cursor_moves_past_all(
    make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(log=b"one\ntwo\nthree\n")

    assert Reading(tmp_path).answer(grep="^t") == ("two\nthree\n", "cursor: 7k2f:14\n")
    assert Reading(tmp_path).answer(grep="nine") == ("", "cursor: 7k2f:14\n")


@given(st.lists(words, max_size=8), st.integers(10, 50))
def test_lines_that_match_are_those_of_the_whole_log(lines: list[str], size: int) -> None:
    with tempfile.TemporaryDirectory() as project:
        reading, log, state = begun(project)
        append(log, "".join(f"{line}\n" for line in lines).encode())
        say(state, state="finished")

        found = reading.rest(size, grep="a")

        assert found == [line for line in lines if re.search("a", line)]


# Bytes that are no text, and text that is no harmless text.


def test_bytes_that_are_no_text_are_replaced(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(log=b"caf\xe9\n\xff\xfe\n")

    assert Reading(tmp_path).read() == ["caf\ufffd", "\ufffd\ufffd"]


@given(st.binary(max_size=40))
@example(b"\x1b[2J\x1b]0;title\x07\r\x08\x9b31m\xc2\x9b\x7f\n")
def test_no_line_can_move_the_cursor_of_a_terminal(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as project:
        reading, log, _ = begun(project)
        append(log, data.replace(b"\n", b" ") + b"\n")

        (line,) = reading.read()

        assert not [
            each for each in line if each != "\t" and (each < " " or "\x7f" <= each < "\xa0")
        ]


def test_a_stream_that_cannot_show_a_character_gets_it_spelled_out(
    make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(log="é\n".encode())
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    asked = Namespace(
        folder=str(tmp_path), run="latest", since=None, grep=None, tail=None, max_bytes=99,
        is_following=False, is_json=False, test=None,
    )  # fmt: skip

    with redirect_stdout(stream), redirect_stderr(io.StringIO()):
        logs(asked)

    assert raw.getvalue() == b"\\xe9\n"


# Following.


def test_who_follows_a_run_that_is_over_gets_all_of_it(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(log=f"{LONG}end".encode(), **OVER)

    out, err = Reading(tmp_path).answer(is_following=True, max_bytes=100)

    assert out == f"{LONG}end\n"
    assert err == f"cursor: 7k2f:{len(LONG) + 3}\n"


def test_who_follows_may_begin_at_the_tail_or_at_a_cursor(
    make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(log=b"one\ntwo\nthree\n", **OVER)

    assert Reading(tmp_path).answer(is_following=True, tail=1)[0] == "three\n"
    assert Reading(tmp_path).answer(is_following=True, since="7k2f:4")[0] == "two\nthree\n"


class Growing(io.StringIO):
    """A stream whose reader makes the log grow each time that something is printed."""

    def __init__(self, log: Path, texts: list[bytes], end: Callable[[], None]) -> None:
        super().__init__()
        self._log, self._texts, self._end = log, texts, end

    def flush(self) -> None:
        if self._texts:
            append(self._log, self._texts.pop(0))
        elif self._end is not None:
            self._end()


@pytest.mark.slow
def test_who_follows_a_run_gets_lines_as_they_come_until_it_ends(
    make_run: MakeRun, write_state: Callable[..., None], tmp_path: Path
) -> None:
    folder = make_run(log=b"one\n")
    log = folder / "pytest.log"
    stream = Growing(log, [b"two\nth", b"ree\n", b"end"], lambda: write_state(folder, **OVER))
    asked = Namespace(
        folder=str(tmp_path), run="latest", since=None, grep="[enw]", tail=None, max_bytes=99,
        is_following=True, is_json=False, test=None,
    )  # fmt: skip

    with redirect_stdout(stream), redirect_stderr(io.StringIO()):
        follower = threading.Thread(target=logs, args=(asked,), daemon=True)
        follower.start()
        follower.join(10)

    assert not follower.is_alive()
    assert stream.getvalue() == "one\ntwo\nthree\nend\n"


def test_following_as_json_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(log=b"one\ntwo\n", **OVER)

    with pytest.raises(UserError) as caught:
        Reading(tmp_path).answer(is_following=True, is_json=True)

    assert caught.value.text() == (
        "error: --follow and --json do not go together [usage]\n\n"
        "hint: ask again and again: handrail logs --json --since CURSOR"
    )
