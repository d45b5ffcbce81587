"""A warm process with real processes: what it imports, when it is of no use, and that it ends."""

import os
import signal
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from handrail.execution.prestart import launch_script
from handrail.execution.warm import Warm
from handrail.execution.warmed import Child, is_own

pytestmark = pytest.mark.slow
MOST_S = 30.0
BODIES = """
import os, sys, time

def names(order, started, console):
    started.discard()
    console.out.write(" ".join(each for each in order["asked"] if each in sys.modules))
    return 7

def stay(order, started, console):
    console.begun("folder", pid=os.getpid())
    while True:
        time.sleep(0.05)

def raises(order, started, console):
    raise ValueError("as it was told")
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on ``sys.path`` that is not the project's."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "bodies.py").write_text(BODIES)
    (folder / "thing.py").write_text("import thing_below\n")
    (folder / "thing_below.py").write_text("value = 1\n")
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{tmp_path / 'project'}")
    return folder


@pytest.fixture
def warm(tmp_path: Path, outside: Path) -> Generator[Warm]:
    (tmp_path / "project").mkdir()
    made = Warm(launch_script(), tmp_path / "project")
    yield made
    made.close()


def learn(warm: Warm, *names: str) -> None:
    assert warm.learn(*names)
    while warm.is_learning:
        warm.take_in()


def wait_for(look: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + MOST_S
    while not look():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def read_all(source: int) -> bytes:
    """Every frame, until the run is over."""
    found = b""
    while chunk := os.read(source, 1 << 16):
        found += chunk
    os.close(source)
    return found


def read_frame(source: int) -> bytes:
    return os.read(source, 1 << 16)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def loaded(warm: Warm, *asked: str) -> list[str]:
    """Which of these modules a run finds imported."""
    frames = read_all(warm.begin({"body": "bodies:names", "asked": asked, **TERMINAL}))
    assert frames.endswith(b"7")
    return frames[5:].partition(b"x\0\0")[0].decode().split()


TERMINAL = {"is_terminal": [False, False], "columns": 80}


def test_runs_find_imported_what_was_learned(warm: Warm) -> None:
    before = loaded(warm, "thing", "thing_below", "pytest")

    learn(warm, "thing")

    assert before == ["pytest"]
    assert loaded(warm, "thing", "thing_below") == ["thing", "thing_below"]
    assert warm.problem == ""


def test_nothing_is_learned_twice(warm: Warm) -> None:
    learn(warm, "thing")

    assert not warm.learn("thing")


def test_a_module_that_cannot_be_imported_is_left_to_the_session(warm: Warm, outside: Path) -> None:
    (outside / "broken.py").write_text("raise SystemExit(3)\n")

    learn(warm, "broken", "there_is_no_such_module", "thing")

    assert loaded(warm, "broken", "thing") == ["thing"]
    assert warm.problem == ""


def test_the_projects_own_modules_are_not_imported(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "project" / "own.py").write_text("")

    learn(warm, "own", "thing")

    assert loaded(warm, "own", "thing") == ["thing"]


def test_it_is_of_no_use_if_an_import_leads_into_the_project(
    warm: Warm, tmp_path: Path, outside: Path
) -> None:
    (tmp_path / "project" / "space").mkdir()
    (tmp_path / "project" / "space" / "own.py").write_text("")
    (outside / "thing.py").write_text("import space.own\n")

    learn(warm, "thing")

    assert warm.problem == "what the project imports would import space.own of the project"


def test_it_is_of_no_use_if_a_session_would_find_the_projects_module(
    warm: Warm, tmp_path: Path
) -> None:
    (tmp_path / "project" / "src").mkdir()
    (tmp_path / "project" / "src" / "thing_below.py").write_text("")

    learn(warm, "thing")

    assert warm.problem == "what the project imports would import thing_below of the project"


def test_it_is_of_no_use_if_an_import_starts_a_thread(warm: Warm, outside: Path) -> None:
    text = (
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    (outside / "thing.py").write_text(text)

    learn(warm, "thing")

    assert warm.problem == "what the project imports starts 2 threads"


def test_it_is_stale_when_an_imported_file_was_changed(warm: Warm, outside: Path) -> None:
    learn(warm, "thing")
    was_stale = warm.is_stale()

    os.utime(outside / "thing_below.py", (1, 1))

    assert (was_stale, warm.is_stale()) == (False, True)


def test_a_supervisor_that_fails_ends_its_run(warm: Warm) -> None:
    frames = read_all(warm.begin({"body": "bodies:raises", **TERMINAL}))

    assert b"ValueError: as it was told" in frames
    assert loaded(warm, "pytest") == ["pytest"]


def test_a_run_ends_with_its_warm_process(warm: Warm) -> None:
    source = warm.begin({"body": "bodies:stay", **TERMINAL})
    assert b"folder" in read_frame(source)

    os.kill(warm.pid, signal.SIGKILL)

    assert read_all(source) == b""
    warm.take_in()
    assert warm.is_gone


def test_a_warm_process_ends_when_it_is_dropped_and_so_does_its_run(warm: Warm) -> None:
    source = warm.begin({"body": "bodies:stay", **TERMINAL})
    read_frame(source)

    warm.close()

    assert is_gone(warm.pid)
    assert read_all(source) == b""


def test_one_that_is_gone_learns_nothing(warm: Warm) -> None:
    os.kill(warm.pid, signal.SIGKILL)
    warm.take_in()

    assert not warm.learn("thing")


def test_whose_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(tmp_path)
    monkeypatch.setattr(sys, "prefix", f"{root}/env")

    assert is_own(f"{root}/src/a.py", root)
    assert is_own(f"{root}/environment.py", root)
    assert not is_own(f"{root}/env/lib/a.py", root)
    assert not is_own(f"{root}/.tox/lib/site-packages/a.py", root)
    assert not is_own(f"{root}2/a.py", root)


def test_a_forked_child_tells_how_it_ended() -> None:
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    child = Child(pid)
    first = child.poll()

    child.kill()

    assert (first, child.wait(), child.poll(), child.returncode) == (None, -9, -9, -9)
    child.kill()
