"""The SQLite history in good and in bad weather."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.errors import ExitCode, StateError
from handrail.frozen import replace
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.ports.history import RunRow
from handrail.store.memory_history import MemoryHistory
from handrail.store.migrations import MIGRATIONS, migrate
from handrail.store.problems import (
    ClosedHistoryError,
    DamagedHistoryError,
    FullDiskError,
    LockedHistoryError,
    NewerHistoryError,
)
from handrail.store.sqlite_history import SqliteHistory

LATER = (("ALTER TABLE tests ADD COLUMN flavour TEXT NOT NULL DEFAULT 'vanilla'",),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.db"


@pytest.fixture
def history(path: Path) -> SqliteHistory:
    return SqliteHistory(path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    yield from mounted(tmp_path / "small", "size=400k")


def mounted(folder: Path, options: str) -> Generator[Path]:
    """A file system of its own; only root can mount one, others skip the test."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a file system here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """Take away the permission to write, also from root, whom permission bits do not stop."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    bind = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    if subprocess.run(bind, shell=True, capture_output=True, check=False).returncode:
        pytest.skip("cannot make a folder read-only here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def run(run_id: str = "7k2f", commit: str = "c0ffee", *, is_dirty: bool = False) -> RunRow:
    return RunRow(
        run_id=run_id,
        started_at=100.0,
        ended_at=105.0,
        verdict="passed",
        tiers="fast",
        workers=4,
        python="3.11.7",
        commit=commit,
        is_dirty=is_dirty,
    )


def attempt(
    test: str = "t.py::a", outcome: Outcome = Outcome.PASSED, seconds: float = 1.0
) -> TestFinished:
    return TestFinished(at=101.0, test=test, outcome=outcome, duration_s=seconds)


def many(count: int) -> list[TestFinished]:
    return [attempt(f"tests/test_module.py::test_case_{number}") for number in range(count)]


NODES = st.one_of(st.sampled_from(["a", "b", "c", "d"]), st.text(max_size=3))
ATTEMPTS = st.lists(
    st.builds(attempt, NODES, st.sampled_from(Outcome), st.floats(0, 1e6)), max_size=12
)
SAVES = st.lists(
    st.tuples(st.sampled_from(["c1", "c2", ""]), st.booleans(), ATTEMPTS), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=40)
@given(SAVES, st.integers(1, 12))
def test_it_answers_like_the_oracle_that_keeps_every_attempt(
    tmp_path_factory: pytest.TempPathFactory,
    saves: list[tuple[str, bool, list[TestFinished]]],
    last: int,
) -> None:
    history = SqliteHistory(tmp_path_factory.mktemp("oracle") / "history.db")
    oracle = MemoryHistory()

    for commit, is_dirty, attempts in saves:
        history.save(run(commit=commit, is_dirty=is_dirty), attempts)
        oracle.save(run(commit=commit, is_dirty=is_dirty), attempts)

    tests = {each.test for _, _, attempts in saves for each in attempts}
    assert history.durations() == oracle.durations()
    assert history.last_failed() == oracle.last_failed()
    assert history.seen(tests, last=last) == oracle.seen(tests, last=last)
    assert history.failing(last=last) == oracle.failing(last=last)
    assert history.attempts() == oracle.attempts()


@settings(deadline=None, max_examples=40)
@given(SAVES, st.integers(0, 9), st.none() | st.integers(0, 9), SAVES)
def test_what_it_forgets_leaves_the_answers_of_the_oracle(
    tmp_path_factory: pytest.TempPathFactory,
    earlier: list[tuple[str, bool, list[TestFinished]]],
    old: int,
    most: int | None,
    later: list[tuple[str, bool, list[TestFinished]]],
) -> None:
    history = SqliteHistory(tmp_path_factory.mktemp("oracle") / "history.db")
    oracle = MemoryHistory()
    tests = {each.test for _, _, attempts in (*earlier, *later) for each in attempts}

    for number, (commit, is_dirty, attempts) in enumerate((*earlier, *later)):
        ended = replace(run(commit=commit, is_dirty=is_dirty), ended_at=100.0 + number)
        for each in (history, oracle):
            each.save(ended, attempts)
        if number >= len(earlier) - 1:
            before = 100.0 + old
            assert history.forget(before, most=most) == oracle.forget(before, most=most)

    assert history.durations() == oracle.durations()
    assert history.last_failed() == oracle.last_failed()
    assert history.attempts() == oracle.attempts()
    assert history.seen(tests, last=100) == oracle.seen(tests, last=100)
    assert history.failing() == oracle.failing()


def test_a_few_tests_among_many_are_updated_like_all_of_them(history: SqliteHistory) -> None:
    history.save(run(), many(100))

    history.save(run(), [attempt("tests/test_module.py::test_case_7", Outcome.FAILED, 9.0)])

    assert history.last_failed() == {"tests/test_module.py::test_case_7"}
    assert history.durations()["tests/test_module.py::test_case_7"] == 9.0
    assert len(history.durations()) == 100


def test_an_attempt_is_kept_with_all_that_is_known_of_it(
    history: SqliteHistory, path: Path
) -> None:
    whole = TestFinished(
        at=110.0,
        test="t.py::a",
        outcome=Outcome.XPASSED,
        duration_s=6.0,
        phases=(1.0, 2.0, 3.0),
        started_at=104.0,
        worker="w3",
        attempt=2,
        growth_bytes=-4096,
    )

    history.save(run(commit="c0ffee", is_dirty=True), [attempt(), whole])

    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        rows = [dict(row) for row in db.execute("SELECT * FROM attempts ORDER BY id")]
    assert rows[1] == {
        "id": 2,
        "previous": 1,
        "test_id": 1,
        "run_id": 1,
        "attempt": 2,
        "outcome": 5,
        "duration_s": 6.0,
        "setup_s": 1.0,
        "call_s": 2.0,
        "teardown_s": 3.0,
        "started_at": 104.0,
        "worker": "w3",
        "growth_bytes": -4096,
        "commit_id": 1,
        "is_dirty": 1,
    }


def test_reading_what_does_not_exist_creates_nothing(
    history: SqliteHistory, tmp_path: Path
) -> None:
    assert dict(history.durations()) == {}

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_created_and_never_written_is_an_empty_history(
    history: SqliteHistory, path: Path
) -> None:
    path.parent.mkdir()
    path.touch()

    assert dict(history.durations()) == {}
    assert path.stat().st_size == 0


def test_nothing_is_left_beside_the_database(history: SqliteHistory, path: Path) -> None:
    history.save(run(), many(10))
    history.durations()

    assert [each.name for each in path.parent.iterdir()] == ["history.db"]


def test_a_path_with_special_characters_is_just_a_path(tmp_path: Path) -> None:
    history = SqliteHistory(tmp_path / "a?b#c%20d ä" / "history.db")

    history.save(run(), [attempt()])

    assert (tmp_path / "a?b#c%20d ä" / "history.db").exists()
    assert dict(history.durations()) == {"t.py::a": 1.0}


def test_importing_the_history_does_not_import_sqlite() -> None:
    code = "import sys, handrail.store.sqlite_history; sys.exit('sqlite3' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_error_in_the_middle_keeps_nothing_of_the_run(history: SqliteHistory) -> None:
    history.save(run("aaaa"), [attempt()])
    bad = attempt("t.py::b", seconds=float("nan"))  # what SQLite stores as NULL

    with pytest.raises(StateError) as caught:
        history.save(run("bbbb"), [attempt("t.py::c"), bad])

    assert caught.value.text() == (
        "error: the history cannot be used [state]\n"
        f"  {history.path}: NOT NULL constraint failed: attempts.duration_s\n"
        "\n"
        f"hint: set it aside: mv {history.path} {history.path}.corrupt-1"
    )
    assert [each.run_id for each in history.runs()] == ["aaaa"]
    assert dict(history.durations()) == {"t.py::a": 1.0}


def test_a_process_killed_while_saving_leaves_what_was_there_before(
    history: SqliteHistory, path: Path
) -> None:
    history.save(run("aaaa"), [attempt()])
    code = (
        "import os, sys; from pathlib import Path\n"
        "from handrail.store.sqlite_history import SqliteHistory\n"
        "with SqliteHistory(Path(sys.argv[1]))._writing() as db:\n"
        "    db.execute('DELETE FROM tests'); db.execute('DELETE FROM runs')\n"
        "    os.kill(os.getpid(), 9)\n"
    )

    killed = subprocess.run([sys.executable, "-c", code, str(path)], check=False)

    assert killed.returncode == -9
    assert [each.run_id for each in history.runs()] == ["aaaa"]
    assert dict(history.durations()) == {"t.py::a": 1.0}


def test_processes_that_begin_a_history_at_once_all_get_their_run_in(
    history: SqliteHistory, path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[3])\n"
        "from test_sqlite_history import SqliteHistory, run, many\n"
        "sys.stdin.read()\n"
        "SqliteHistory(Path(sys.argv[1])).save(run(sys.argv[2]), many(50))\n"
    )
    here = str(Path(__file__).parent)
    savers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path), f"r{number}", here], stdin=subprocess.PIPE
        )
        for number in range(6)
    ]

    for saver in savers:
        assert saver.stdin is not None
        saver.stdin.close()

    assert [saver.wait() for saver in savers] == [0] * 6
    assert {each.run_id for each in history.runs()} == {f"r{number}" for number in range(6)}
    assert len(history.seen(["tests/test_module.py::test_case_7"], last=99)) == 1


def test_a_file_that_is_no_database_is_explained_to_who_reads(
    history: SqliteHistory, path: Path
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, much longer than a header is" * 100)

    with pytest.raises(DamagedHistoryError) as caught:
        history.durations()

    assert caught.value.text() == (
        "error: the history is damaged [history-damaged]\n"
        f"  {path}: file is not a database\n"
        "\n"
        "hint: nothing to do: the next run moves it to history.db.corrupt-1 and begins a new one"
    )
    assert caught.value.exit_code is ExitCode.INFRA_ERROR


def test_a_file_that_is_no_database_is_moved_aside_by_who_saves(
    history: SqliteHistory, path: Path
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"precious" * 1000)
    path.with_name("history.db.corrupt-1").write_bytes(b"an earlier one")

    note = history.save(run(), [attempt()])

    assert note == (
        f"the history was damaged: moved to {path.parent}/history.db.corrupt-2, and a new one begun"
    )
    assert path.with_name("history.db.corrupt-2").read_bytes() == b"precious" * 1000
    assert path.with_name("history.db.corrupt-1").read_bytes() == b"an earlier one"
    assert dict(history.durations()) == {"t.py::a": 1.0}


def test_a_database_with_a_broken_page_is_moved_aside_too(
    history: SqliteHistory, path: Path
) -> None:
    history.save(run(), many(500))
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))

    note = history.save(run("bbbb"), [attempt()])

    assert "history.db.corrupt-1" in note
    assert [each.run_id for each in history.runs()] == ["bbbb"]


def test_the_log_of_a_damaged_database_goes_with_it(history: SqliteHistory, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"precious")
    path.with_name("history.db-wal").write_bytes(b"its log")

    history._move_aside(path.stat().st_ino, DamagedHistoryError(path, "file is not a database"))

    assert path.with_name("history.db.corrupt-1-wal").read_bytes() == b"its log"
    assert not path.with_name("history.db-wal").exists()


def test_a_damaged_file_that_another_process_has_replaced_is_left_alone(
    history: SqliteHistory, path: Path
) -> None:
    history.save(run("aaaa"), [attempt()])

    note = history._move_aside(-1, DamagedHistoryError(path, "file is not a database"))

    assert note == ""
    assert [each.run_id for each in history.runs()] == ["aaaa"]


def test_a_history_of_a_newer_handrail_is_neither_read_nor_written(path: Path) -> None:
    SqliteHistory(path, later_migrations=LATER).save(run("aaaa"), [attempt()])
    before = path.read_bytes()
    older = SqliteHistory(path)

    for use in (older.durations, lambda: older.save(run("bbbb"), [attempt()])):
        with pytest.raises(NewerHistoryError) as caught:
            use()
        assert caught.value.text() == (
            "error: the history was written by a newer handrail [history-newer]\n"
            f"  {path}: layout 5, this handrail knows 4\n"
            "\n"
            "hint: upgrade handrail"
        )
    assert path.read_bytes() == before


def test_a_history_of_an_older_handrail_is_brought_up_to_date_by_reading(
    history: SqliteHistory, path: Path
) -> None:
    history.save(run(), [attempt(seconds=3.0)])
    newer = SqliteHistory(path, later_migrations=LATER)

    assert dict(newer.durations()) == {"t.py::a": 3.0}
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT flavour FROM tests").fetchall() == [("vanilla",)]


def test_runs_from_before_it_was_kept_what_they_were_narrowed_to_say_nothing_of_time(
    history: SqliteHistory, path: Path
) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        migrate(db, MIGRATIONS[:1])
        db.execute("INSERT INTO commits (hash) VALUES ('')")
        db.execute(
            "INSERT INTO runs VALUES (1, 'aaaa', 0.0, 5.0, 'passed', 'fast', 4, '', 1, 0, 0)"
        )
        db.commit()

    assert history.usual_run_s("fast", 4) is None
    assert [each.run_id for each in history.runs()] == ["aaaa"]


def test_another_process_that_keeps_writing_is_reported_after_the_time_out(path: Path) -> None:
    history = SqliteHistory(path, busy_timeout_s=0.01)
    history.save(run("aaaa"), [attempt()])

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedHistoryError) as caught:
            history.save(run("bbbb"), [attempt()])
        readable = dict(history.durations())

    assert caught.value.text() == (
        "error: the history is locked by another process [history-locked]\n"
        f"  {path}: waited 0.01 s\n"
        "\n"
        f"hint: see who holds it: fuser {path}"
    )
    assert readable == {"t.py::a": 1.0}


def test_a_read_only_folder_can_be_read_and_says_why_it_is_not_written(
    history: SqliteHistory, path: Path
) -> None:
    history.save(run("aaaa"), [attempt()])

    with read_only(path.parent):
        assert dict(history.durations()) == {"t.py::a": 1.0}
        with pytest.raises(ClosedHistoryError) as caught:
            history.save(run("bbbb"), [attempt()])

    assert caught.value.text() == (
        "error: the history cannot be opened or written [history-closed]\n"
        f"  {path}: unable to open database file\n"
        "\n"
        f"hint: make it writable: chmod u+rwx {path.parent} && chmod u+rw {path}"
    )
    assert [each.run_id for each in history.runs()] == ["aaaa"]


def test_a_read_only_database_is_not_read_without_the_log_that_completes_it(
    history: SqliteHistory, path: Path
) -> None:
    history.save(run("aaaa"), [attempt()])
    code = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('DELETE FROM tests')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    path.with_name("history.db-shm").unlink()

    with read_only(path.parent), pytest.raises(ClosedHistoryError):
        history.durations()

    assert dict(history.durations()) == {}


def test_a_state_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = SqliteHistory(tmp_path / "file" / "state" / "history.db")

    with pytest.raises(ClosedHistoryError, match="Not a directory"):
        history.save(run(), [attempt()])


def test_a_folder_in_place_of_the_database_is_explained(history: SqliteHistory, path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(ClosedHistoryError, match="unable to open database file"):
        history.durations()


def test_a_full_disk_costs_the_run_that_did_not_fit_and_no_other(small_disk: Path) -> None:
    path = small_disk / "history.db"
    history = SqliteHistory(path)
    history.save(run("aaaa"), [attempt()])

    with pytest.raises(FullDiskError) as caught:
        history.save(run("bbbb"), many(5000))

    assert caught.value.text() == (
        "error: no room to save the history [history-full]\n"
        f"  {path}: database or disk is full\n"
        "\n"
        "hint: free some space: handrail clean"
    )
    assert [each.run_id for each in history.runs()] == ["aaaa"]
    assert history.save(run("cccc"), [attempt()]) == ""


def test_a_history_on_a_disk_without_a_byte_left_can_be_read(small_disk: Path) -> None:
    history = SqliteHistory(small_disk / "history.db")
    history.save(run("aaaa"), [attempt()])
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 4096):
            pass

    assert dict(history.durations()) == {"t.py::a": 1.0}


def test_a_limit_on_file_sizes_is_a_full_disk(history: SqliteHistory, path: Path) -> None:
    history.save(run("aaaa"), [attempt()])
    code = (
        "import resource, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from test_sqlite_history import SqliteHistory, FullDiskError, run, many\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try: SqliteHistory(Path(sys.argv[1])).save(run(), many(5000))\n"
        "except FullDiskError: sys.exit(42)\n"
    )

    saver = subprocess.run(
        [sys.executable, "-c", code, str(path), str(Path(__file__).parent)], check=False
    )

    assert saver.returncode == 42
    assert [each.run_id for each in history.runs()] == ["aaaa"]
