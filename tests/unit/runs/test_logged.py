"""The file of what tests logged: appended to by many, read while it grows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_lines import LINE, line

from handrail.core.logged import encode
from handrail.runs.logged import LogFile, read_log

WRITER = """
import sys
from pathlib import Path
from handrail.core.logged import LogLine, encode
from handrail.runs.logged import LogFile

name, file = sys.argv[1], LogFile(Path(sys.argv[2]))
sys.stdin.read()  # until all are here
for n in range(300):
    line = LogLine(time="", node_id=name, phase="call", level="", logger="", message=f"{n} " * 3000)
    file.append(encode(line))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test-log.ndjson"


def messages(path: Path, node_id: str = LINE.node_id) -> list[str]:
    return [each.message for each in read_log(path, node_id)]


def test_what_was_appended_is_read_back_by_test(path: Path) -> None:
    file = LogFile(path)
    for each in (line("one"), line("other", "b"), line("two")):
        file.append(encode(each))

    assert messages(path) == ["one", "two"]
    assert messages(path, "b") == ["other"]
    assert messages(path, "c") == []


def test_a_message_that_names_another_test_is_not_taken_for_its_line(path: Path) -> None:
    LogFile(path).append(encode(line('"node_id":"b"')))
    LogFile(path).append(encode(line("x", "b2")))

    assert messages(path, "b") == []


def test_where_nothing_was_kept_nothing_is_found(path: Path) -> None:
    assert messages(path) == []


def test_a_file_that_is_opened_is_there(path: Path) -> None:
    LogFile(path).open()

    assert path.read_bytes() == b""


@pytest.mark.slow
def test_lines_of_several_processes_do_not_mix(path: Path) -> None:
    writers = {
        name: subprocess.Popen([sys.executable, "-c", WRITER, name, path], stdin=subprocess.PIPE)
        for name in "abc"
    }
    for writer in writers.values():
        assert writer.stdin is not None
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers.values()] == [0, 0, 0]

    for name in writers:
        assert messages(path, name) == [f"{n} " * 3000 for n in range(300)]


def test_a_full_disk_is_no_error_and_counted() -> None:
    file = LogFile(Path("/dev/full"))

    file.open()
    file.append(encode(line("one")))
    file.append(encode(line("two")))

    assert file.lost == 2
    assert file.problem == "No space left on device"


def test_a_folder_that_is_gone_is_no_error_and_counted(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "gone" / "log")

    file.open()
    file.append(encode(line("one")))

    assert (file.lost, file.problem) == (1, "No such file or directory")


def test_a_line_behind_one_that_was_cut_off_is_read(path: Path) -> None:
    path.write_bytes(encode(line("cut off"))[:-9])
    LogFile(path).append(encode(line("whole")))

    assert messages(path) == ["whole"]


def test_a_line_that_is_being_written_is_not_read(path: Path) -> None:
    path.write_bytes(encode(line("whole")) + encode(line("half"))[:-9])

    assert messages(path) == ["whole"]


def test_a_descriptor_that_somebody_closed_and_reused_is_not_written_to(
    path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    file = LogFile(path)
    file.append(encode(line("one")))
    ours = os.open(other, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(ours, file._descriptor)

    file.append(encode(line("two")))

    assert other.read_bytes() == b""
    assert messages(path) == ["one", "two"]
