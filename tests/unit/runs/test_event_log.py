"""The log of events, written and read back."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.model.events import (
    Event,
    Narrowed,
    Note,
    Reason,
    RunFinished,
    TestFinished,
    WorkerLost,
)
from handrail.model.outcomes import Outcome, Verdict
from handrail.runs.event_log import EventLog, encode, read_events


def note(text: str) -> Note:
    return Note(at=1.0, text=text)


EVENTS = st.one_of(
    st.builds(note, st.text()),
    st.builds(
        Narrowed,
        at=st.floats(0, 1e10),
        affected=st.builds(Reason, reason=st.text(), tests=st.tuples(st.text())).map(
            lambda each: (each,)
        ),
    ),
    st.builds(WorkerLost, at=st.floats(0, 1e10), worker=st.text(), reason=st.text()),
    st.builds(
        TestFinished,
        at=st.floats(0, 1e10),
        test=st.text(),
        outcome=st.sampled_from(Outcome),
        duration_s=st.floats(0, 1e5),
        reason=st.text(st.characters(categories=["Cs", "Cc", "L"])),
    ),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.ndjson"


@given(st.lists(st.lists(EVENTS)))
def test_what_was_appended_in_batches_is_read_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Event]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "events.ndjson"

    with EventLog(path) as log:
        for batch in batches:
            log.append(batch)

    assert list(read_events(path)) == [event for batch in batches for event in batch]


def test_lines_that_are_encoded_already_mix_with_events(path: Path) -> None:
    with EventLog(path) as log:
        log.append([encode(note("one")), note("two")])

    assert list(read_events(path)) == [note("one"), note("two")]


def test_events_can_be_read_while_the_log_is_open(path: Path) -> None:
    with EventLog(path) as log:
        log.append([note("one")])

        assert list(read_events(path)) == [note("one")]


def test_a_log_without_events_creates_no_file(path: Path) -> None:
    with EventLog(path) as log:
        log.append([])

    assert not path.exists()
    assert list(read_events(path)) == []


def test_reading_goes_on_where_it_stopped(path: Path) -> None:
    log = EventLog(path)
    log.append([note("one")])
    first = read_events(path)
    list(first)

    log.append([note("two")])

    assert list(read_events(path, offset=first.offset)) == [note("two")]


def test_a_half_written_last_line_is_skipped_said_and_read_when_it_is_whole(path: Path) -> None:
    line = encode(note("two")) + b"\n"
    path.write_bytes(encode(note("one")) + b"\n" + line[:9])
    reader = read_events(path)

    assert list(reader) == [note("one")]
    assert reader.is_cut_off
    assert reader.corrupt == 0
    with path.open("ab") as file:
        file.write(line[9:])
    later = read_events(path, offset=reader.offset)
    assert list(later) == [note("two")]
    assert not later.is_cut_off


def test_a_log_that_a_killed_writer_left_half_written_can_be_continued(path: Path) -> None:
    path.write_bytes(encode(note("one")) + b"\n" + b'{"event":"No')

    with EventLog(path) as log:
        log.append([note("two")])

    reader = read_events(path)
    assert list(reader) == [note("one"), note("two")]
    assert reader.corrupt == 1


def test_events_of_a_newer_handrail_are_counted_and_skipped(path: Path) -> None:
    path.write_bytes(b'{"event":"Teleported","at":1.0}\n' + encode(note("one")) + b"\n")
    reader = read_events(path)

    assert list(reader) == [note("one")]
    assert (reader.unknown, reader.corrupt) == (1, 0)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"{}",
        b'{"event":7}',
        b'{"event":["Note"]}',
        b'{"event":"Note"}',
        b'{"event":"Note","at":',
        b'{"event":"TestFinished","at":1,"test":"t","outcome":"melted","duration_s":1}',
        b'{"event":"TestFinished","at":1,"test":"t","outcome":"passed","duration_s":1,"phases":7}',
        b'{"event":"TestFinished","at":1,"test":"t","outcome":"passed","duration_s":1,"problems":[7]}',
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_event_is_counted_and_skipped(path: Path, line: bytes) -> None:
    path.write_bytes(line + b"\n" + encode(note("one")) + b"\n")
    reader = read_events(path)

    assert list(reader) == [note("one")]
    assert (reader.unknown, reader.corrupt) == (0, 1)


def test_a_log_that_cannot_be_opened_is_a_problem_and_no_error(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "missing" / "events.ndjson")

    log.append([note("one")])

    assert log.problem == (
        f"{tmp_path}/missing/events.ndjson: No such file or directory; later events are not kept"
    )


def test_after_the_first_problem_nothing_more_is_written(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "later" / "events.ndjson")
    log.append([note("one")])
    (tmp_path / "later").mkdir()

    log.append([note("two")])

    assert list((tmp_path / "later").iterdir()) == []


def test_a_full_disk_ends_the_log_and_keeps_what_fitted(path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from handrail.runs.event_log import EventLog\n"
        "from handrail.model.events import Note\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "log = EventLog(Path(sys.argv[1]))\n"
        "for _ in range(100): log.append([Note(at=1.0, text='x' * 50)])\n"
        "print(log.problem)\n"
    )

    writer = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, check=True, text=True
    )

    assert writer.stdout == f"{path}: File too large; later events are not kept\n"
    reader = read_events(path)
    assert len(list(reader)) == 1000 // (len(encode(note("x" * 50))) + 1)
    assert reader.is_cut_off


def test_a_killed_writer_loses_nothing_that_it_appended(path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from handrail.runs.event_log import EventLog\n"
        "from handrail.model.events import Note\n"
        "EventLog(Path(sys.argv[1])).append([Note(at=1.0, text='one')])\n"
        "os.kill(os.getpid(), 9)\n"
    )

    subprocess.run([sys.executable, "-c", code, str(path)], check=False)

    assert list(read_events(path)) == [note("one")]


def test_the_verdict_is_an_event_like_any_other(path: Path) -> None:
    end = RunFinished(at=2.0, verdict=Verdict.FAILED, exit_code=1)

    with EventLog(path) as log:
        log.append([end])

    assert list(read_events(path)) == [end]
