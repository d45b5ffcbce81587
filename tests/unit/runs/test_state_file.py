"""What a run says about itself, and whether the process that said so still lives."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handrail.runs import state_file
from handrail.runs.state_file import goes_on, is_alive, owner, read_state, started

READY_S = 10.0
NOBODY = 65534
STATE = {
    "owner": {"pid": 1, "started": "7"},
    "state": "running",
    "beat_at": 1_700_000_000.0,
    "text": "RUNNING exit=8",
    "document": {"run_id": "7k2f"},
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["owner", "document", "state"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def written(folder: Path, content: bytes) -> str:
    (folder / state_file.NAME).write_bytes(content)
    return str(folder)


@contextmanager
def child(code: str = "input()") -> Generator[subprocess.Popen[bytes]]:
    """A Python process that has begun; it ends when it reads a line, and at the latest here."""
    with subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", f"print('ready', flush=True); {code}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def wait_until_zombie(pid: int) -> None:
    ends_at = time.monotonic() + READY_S
    while time.monotonic() < ends_at:
        if Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z":
            return
    pytest.fail("it never became a zombie")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_state(written(tmp_path, json.dumps(STATE).encode())) == STATE


def test_a_run_without_a_state_has_none(tmp_path: Path) -> None:
    assert read_state(str(tmp_path)) is None
    assert read_state(str(tmp_path / "gone")) is None


def test_a_file_that_cannot_be_read_is_no_state(tmp_path: Path) -> None:
    (tmp_path / state_file.NAME).mkdir()

    assert read_state(str(tmp_path)) is None


def test_half_a_file_is_no_state(tmp_path: Path) -> None:
    whole = json.dumps(STATE).encode()

    for size in range(0, len(whole), 5):
        assert read_state(written(tmp_path, whole[:size])) is None


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b"[]",
        b"7",
        b'"owner document"',
        b"{}",
        b'{"owner": {}}',
        b'{"document": {}}',
        b'{"owner": [], "document": {}}',
        b'{"owner": {}, "document": null}',
        b"\xff\xfe{}",
        b"\0" * 4096,
        b"[" * 200_000,
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_file_of_somebody_else_is_no_state(tmp_path: Path, content: bytes) -> None:
    assert read_state(written(tmp_path, content)) is None


@pytest.mark.parametrize("missing", ["state", "text", "beat_at"])
def test_a_state_that_lacks_what_its_readers_need_is_none(tmp_path: Path, missing: str) -> None:
    rest = {name: value for name, value in STATE.items() if name != missing}

    assert read_state(written(tmp_path, json.dumps(rest).encode())) is None


def test_this_process_is_alive_by_its_own_description() -> None:
    assert owner()["pid"] == os.getpid()
    assert is_alive(owner())


def test_a_description_survives_json() -> None:
    assert is_alive(json.loads(json.dumps(owner())))


@pytest.mark.slow
def test_another_process_is_alive_as_long_as_it_runs() -> None:
    with child() as process:
        found = owner(process.pid)
        was_alive = is_alive(found)
        process.kill()
        process.wait()

        assert was_alive
        assert not is_alive(found)


@pytest.mark.slow
def test_two_processes_that_began_one_after_the_other_differ_in_their_start() -> None:
    with child() as first:
        ends_at = time.monotonic() + READY_S
        while time.monotonic() < ends_at:  # the kernel counts starts in hundredths of a second
            with child() as second:
                if started(first.pid) != started(second.pid):
                    return

    pytest.fail("all starts are the same")


def test_a_pid_that_belongs_to_somebody_else_by_now_is_not_alive() -> None:
    reused = {"pid": os.getpid(), "started": str(int(owner()["started"]) - 1)}

    assert not is_alive(reused)


@pytest.mark.slow
def test_a_zombie_is_not_alive() -> None:
    with child() as process:
        found = owner(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        wait_until_zombie(process.pid)

        assert not is_alive(found)
        assert not is_alive(owner(process.pid))


@pytest.mark.slow
def test_the_name_of_a_process_cannot_disguise_its_start() -> None:
    rename = "open('/proc/self/comm', 'w').write(') Z 1 2 3'); print('named', flush=True); input()"
    with child(rename) as process:
        assert process.stdout is not None
        process.stdout.readline()

        assert is_alive(owner(process.pid))
        assert started(process.pid).isdecimal()


def test_a_process_of_another_user_is_alive_too() -> None:
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer = b"?"
        try:
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            answer = b"yes" if is_alive(owner(1)) else b"no"
        finally:
            os.write(sink, answer)
            os._exit(0)
    os.close(sink)
    os.waitpid(pid, 0)

    assert select.select([source], [], [], READY_S)[0]
    assert os.read(source, 9) == b"yes"
    os.close(source)


def test_a_process_that_never_was_has_no_start() -> None:
    assert started(2**22 + 1) == ""
    assert not is_alive({"pid": 2**22 + 1, "started": ""})


@pytest.mark.parametrize(
    "nobody",
    [
        {},
        {"pid": None, "started": ""},
        {"pid": "many", "started": ""},
        {"pid": [], "started": ""},
        {"pid": 10**30, "started": ""},
        {"pid": float("inf"), "started": ""},
        {"pid": float("nan"), "started": ""},
        {"pid": 0, "started": ""},
        {"pid": -1, "started": ""},
    ],
    ids=repr,
)
def test_who_is_described_badly_is_not_alive(nobody: dict[str, object]) -> None:
    assert not is_alive(nobody)


@pytest.mark.parametrize("rest", [{}, {"started": None}, {"started": ""}], ids=repr)
def test_a_pid_alone_tells_nothing(rest: dict[str, object]) -> None:
    assert not is_alive({"pid": os.getpid(), **rest})
    assert not is_alive({"pid": -os.getpgrp(), **rest})


@given(st.dictionaries(st.sampled_from(["pid", "started"]), json_values))
@example({"pid": 0, "started": ""})
def test_nothing_that_json_can_say_makes_a_question_of_life_fail(each: dict[str, object]) -> None:
    assert is_alive(each) in {True, False}


@given(json_values)
def test_nothing_that_json_can_say_makes_reading_fail(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    folder = written(tmp_path_factory.getbasetemp(), json.dumps(value).encode())

    found = read_state(folder)

    assert found is None or (isinstance(found["owner"], dict) and isinstance(value, dict))


def test_where_there_is_no_proc_a_start_comes_from_ps() -> None:
    elsewhere = state_file._started_elsewhere

    assert elsewhere(os.getpid())
    assert elsewhere(os.getpid()) == elsewhere(os.getpid())
    assert elsewhere(2**22 + 1) == ""


@pytest.mark.parametrize(
    ("state", "is_owner_alive", "expected"),
    [
        ("preparing", True, True),
        ("running", True, True),
        ("finishing", True, True),
        ("finished", True, False),
        ("running", False, False),
        ("finished", False, False),
    ],
)
def test_a_run_goes_on_while_its_supervisor_lives_and_has_not_finished(
    tmp_path: Path, state: str, is_owner_alive: bool, expected: bool
) -> None:
    whose = owner() if is_owner_alive else {"pid": os.getpid(), "started": "0"}
    document = json.dumps({**STATE, "state": state, "owner": whose})

    assert goes_on(written(tmp_path, document.encode())) is expected


def test_what_has_no_state_does_not_go_on(tmp_path: Path) -> None:
    assert not goes_on(str(tmp_path))
