"""The lock of a work tree, with real processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handrail.runs.atomic import UnwritableError
from handrail.runs.locking import Busy, Held, RunLock

HOLD = """
import os, sys
from pathlib import Path
from handrail.runs.locking import RunLock
held = RunLock(Path(sys.argv[1])).acquire(run_id="7k2f", at=100.5)
if "fork" not in sys.argv or os.fork() == 0:
    print("here", flush=True)  # the child, which closes what it inherited when it begins to run
sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> RunLock:
    return RunLock(tmp_path / "lock")


@contextmanager
def another_holder(lock: RunLock, *options: str) -> Generator[subprocess.Popen[str]]:
    """A process that holds the lock; with ``fork`` it has a child that lives on without it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock.path), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with holder:
        yield holder
        holder.kill()


def test_the_first_one_holds_the_lock_and_writes_down_who_it_is(lock: RunLock) -> None:
    held = lock.acquire(run_id="7k2f", at=100.5)

    assert isinstance(held, Held)
    assert json.loads(lock.path.read_bytes()) == {
        "run_id": "7k2f",
        "pid": os.getpid(),
        "since": 100.5,
    }
    held.release()


def test_the_second_one_learns_who_holds_it(lock: RunLock) -> None:
    with another_holder(lock) as holder:
        busy = lock.acquire(run_id="9c2d", at=200.0)

        assert busy == Busy(run_id="7k2f", pid=holder.pid, since=100.5)
        assert lock.holder() == busy


def test_a_released_lock_is_free_and_names_nobody(lock: RunLock) -> None:
    with lock.acquire(run_id="7k2f", at=100.5) as held:  # type: ignore[union-attr]
        assert isinstance(held, Held)

    assert lock.path.read_bytes() == b""
    assert lock.holder() is None
    again = lock.acquire(run_id="9c2d", at=200.0)
    assert isinstance(again, Held)
    again.release()


def test_a_holder_that_was_killed_leaves_the_lock_free(lock: RunLock) -> None:
    with another_holder(lock) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()

        assert lock.path.read_bytes() != b""
        assert lock.holder() is None
        assert isinstance(lock.acquire(run_id="9c2d", at=200.0), Held)


def test_a_child_that_outlives_its_killed_holder_does_not_keep_the_lock(lock: RunLock) -> None:
    with another_holder(lock, "fork") as holder:
        os.kill(holder.pid, signal.SIGKILL)
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)

        assert isinstance(lock.acquire(run_id="9c2d", at=200.0), Held)


def test_whoever_waits_gets_the_lock_when_its_holder_is_gone(lock: RunLock) -> None:
    with another_holder(lock) as holder:
        waiting = (
            "import sys; from pathlib import Path\n"
            "from handrail.runs.locking import RunLock, Held\n"
            "print('waiting', flush=True)\n"
            "held = RunLock(Path(sys.argv[1])).acquire(run_id='9c2d', at=2.0, blocking=True)\n"
            "print(isinstance(held, Held))\n"
        )
        waiter = subprocess.Popen(
            [sys.executable, "-c", waiting, str(lock.path)], stdout=subprocess.PIPE, text=True
        )
        assert waiter.stdout is not None
        waiter.stdout.readline()
        assert waiter.poll() is None

        holder.kill()
        out, _ = waiter.communicate()

    assert out == "True\n"


def test_a_lock_file_that_was_removed_excludes_nobody_from_a_new_one(lock: RunLock) -> None:
    old = lock.acquire(run_id="7k2f", at=100.5)
    lock.path.unlink()

    new = lock.acquire(run_id="9c2d", at=200.0)

    assert isinstance(new, Held)
    assert isinstance(lock.acquire(run_id="bbbb", at=300.0), Busy)
    assert isinstance(old, Held)


@pytest.mark.parametrize("written", [b"", b"{", b"[]", b'{"run_id":"7k2f"}', b"\xff"])
def test_a_holder_that_has_not_written_itself_down_still_holds(
    lock: RunLock, written: bytes
) -> None:
    held = lock.acquire(run_id="7k2f", at=100.5)
    lock.path.write_bytes(written)

    assert lock.acquire(run_id="9c2d", at=200.0) == Busy(run_id="", pid=0, since=0.0)
    assert isinstance(held, Held)


def test_nobody_holds_a_lock_that_does_not_exist(lock: RunLock) -> None:
    assert lock.holder() is None
    assert not lock.path.exists()


def test_a_lock_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    lock = RunLock(tmp_path / "missing" / "lock")

    with pytest.raises(UnwritableError) as caught:
        lock.acquire(run_id="7k2f", at=100.5)

    assert caught.value.text() == (
        "error: cannot write lock [state-unwritable]\n"
        f"  {tmp_path}/missing/lock: No such file or directory\n"
        "\n"
        "hint: check free space (df) and permissions (ls -ld) of its folder"
    )


def test_a_hold_on_a_removed_lock_file_is_recognised_as_worthless(lock: RunLock) -> None:
    with lock.path.open("wb") as opened_before:
        assert lock._is_still(opened_before.fileno())

        lock.path.unlink()
        assert not lock._is_still(opened_before.fileno())
        lock.path.touch()
        assert not lock._is_still(opened_before.fileno())
