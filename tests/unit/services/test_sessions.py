"""A session's folder is somebody's as long as it is locked; what nobody answers for is swept."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handrail.services.claiming import claim
from handrail.services.sessions import (
    FOLDER_VARIABLE,
    NoRoomError,
    base_folder,
    new_session,
    sweep,
)
from handrail.services.undoing import note_undo


def claimed(base: Path) -> tuple[Path, int]:
    """A new session's folder, and its lock."""
    session = new_session(base)
    return session, claim(str(session))


def test_a_folder_that_somebody_answers_for_is_left_alone(tmp_path: Path) -> None:
    session, lock = claimed(tmp_path)

    assert sweep(tmp_path) == 0
    assert session.is_dir()
    os.close(lock)


def test_a_folder_that_nobody_answers_for_is_removed_with_who_lives_there(tmp_path: Path) -> None:
    session, lock = claimed(tmp_path)
    resident = subprocess.Popen(["sleep", "60"], cwd=session)
    note_undo(str(session), ("touch", str(tmp_path / "undone")))
    os.close(lock)

    swept = sweep(tmp_path)

    assert swept == 1
    assert resident.wait(timeout=10) == -9
    assert not session.exists()
    assert (tmp_path / "undone").exists()


def test_who_works_elsewhere_but_belongs_there_is_ended_too(tmp_path: Path) -> None:
    session, lock = claimed(tmp_path)
    folder = str(session / "api")
    app = subprocess.Popen(["sleep", "60"], cwd="/", env={FOLDER_VARIABLE: folder})
    other = subprocess.Popen(["sleep", "60"], cwd="/", env={FOLDER_VARIABLE: "/elsewhere"})
    os.close(lock)

    sweep(tmp_path)

    assert app.wait(timeout=10) == -9
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_new_session_sweeps_first(tmp_path: Path) -> None:
    left, lock = claimed(tmp_path)
    os.close(lock)

    session = new_session(tmp_path)

    assert not left.exists()
    assert not session.exists()  # whoever removes it makes it


def test_a_folder_that_is_just_being_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "d-new").mkdir()
    (tmp_path / "d-new" / "lock").touch()

    assert sweep(tmp_path) == 0
    assert (tmp_path / "d-new").is_dir()


def test_a_folder_that_was_never_finished_is_removed_in_the_end(tmp_path: Path) -> None:
    (tmp_path / "d-old").mkdir()
    (tmp_path / "d-old" / "lock").touch()
    os.utime(tmp_path / "d-old", (0, 0))

    assert sweep(tmp_path) == 1
    assert not (tmp_path / "d-old").exists()


def test_sessions_made_at_the_same_time_are_all_there(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: claimed(tmp_path), range(64)))

    assert all((folder / "lock").exists() for folder, _ in made)
    assert len({folder for folder, _ in made}) == 64
    for _, lock in made:
        os.close(lock)


def test_memory_is_used_if_there_is_room(tmp_path: Path) -> None:
    assert base_folder(memory=tmp_path, room_bytes=1).parent == tmp_path
    assert base_folder(memory=tmp_path, room_bytes=1 << 60).parent != tmp_path
    assert base_folder(memory=tmp_path / "nothing").parent != tmp_path


def test_a_folder_with_a_long_path_is_not_used(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 60)
    long.mkdir()

    found = base_folder(memory=tmp_path / "nothing", elsewhere=[long, Path("/tmp")])

    assert found.parent == Path("/tmp")


def test_where_everything_is_full_every_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoRoomError) as caught:
        base_folder(memory=tmp_path / "nothing", elsewhere=[Path("/tmp")], least_bytes=1 << 60)

    shown = re.sub(r"\d+ MiB are free", "N MiB are free", caught.value.text())
    assert shown == (
        "error: no folder has room for the data of services [no-room]\n"
        f"  {tmp_path}/nothing: cannot be written\n"
        "  /tmp: N MiB are free, 1099511627776 are wanted\n\n"
        "hint: make room there, or set TMPDIR to a folder that has some"
    )


def test_paths_of_sockets_in_it_are_short_enough() -> None:
    longest = base_folder() / "s-abcdefgh" / "build-abcdefgh" / "data" / ".s.PGSQL.54320"

    assert len(os.fsencode(longest)) <= 107
