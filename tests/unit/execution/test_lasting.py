"""A warm process at its socket, with real processes: which orders it obeys, and when it ends."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from handrail.execution.inheritance import inheritance
from handrail.execution.prestart import launch_script
from handrail.execution.warm import leave
from handrail.execution.warm_socket import RefusedHereError, ask, socket_path

pytestmark = pytest.mark.slow
MOST_S = 30.0
BODIES = """
import pathlib

def leave_a_file(order, started, console):
    started.discard()
    pathlib.Path(order["file"]).touch()
    return 7
"""


@dataclass(slots=True)
class Lasting:
    state: str
    pid: int

    def order(self, name: str, **more: Any) -> dict[str, Any]:
        """To have a run leave a file of that name."""
        caller = {**inheritance(), **more}
        shown = {"is_terminal": [False, False], "columns": 80}
        file = f"{self.state}/{name}"
        return {"body": "bodies:leave_a_file", "file": file, "caller": caller, **shown}

    def has_obeyed(self, order: dict[str, Any]) -> bool:
        """Whether it obeys, once what it does is over."""
        source, sink = os.pipe()
        try:
            assert ask(self.state, order, [sink], MOST_S)
        finally:
            os.close(sink)
        while os.read(source, 1 << 16):
            pass
        os.close(source)
        return Path(order["file"]).exists()


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[float], Lasting]]:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "bodies.py").write_text(BODIES)
    state = tmp_path / "project" / "state"
    state.mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(outside))
    pids = []

    def hand_on(pid: int) -> int:
        pids.append(pid)
        return os.open(tmp_path, os.O_RDONLY)

    def begun(idle_s: float) -> Lasting:
        root = str(state.parent)
        order = {"import": {"bodies": ""}, "root": root, "state": str(state), "idle_s": idle_s}
        leave(launch_script(), order, hand_on)
        return Lasting(str(state), pids[0])

    yield begun
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.fixture
def lasting(begin: Callable[[float], Lasting]) -> Lasting:
    found = begin(MOST_S)
    wait_for(lambda: os.path.exists(socket_path(found.state)), "its socket")
    return found


def wait_for(look: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + MOST_S
    while not look():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def test_an_order_is_obeyed_once_it_is_confirmed(lasting: Lasting) -> None:
    assert lasting.has_obeyed(lasting.order("file"))
    assert lasting.has_obeyed(lasting.order("other"))


def test_an_order_that_is_not_confirmed_is_void(lasting: Lasting) -> None:
    order = lasting.order("file")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(socket_path(lasting.state))
        null = os.open(os.devnull, os.O_WRONLY)
        socket.send_fds(connection, [json.dumps(order).encode() + b"\n"], [null])
        os.close(null)
        assert json.loads(connection.recv(1000)) == {"why": ""}
        child = int(children(lasting.pid))

    wait_for(lambda: is_gone(child), "the end of the fork")

    assert not Path(order["file"]).exists()
    assert lasting.has_obeyed(order)


def test_an_order_that_is_read_too_late_is_void(lasting: Lasting) -> None:
    late, next_ = lasting.order("late"), lasting.order("next")
    os.kill(lasting.pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        ask(lasting.state, late, [0], 0.1)
    os.kill(lasting.pid, signal.SIGCONT)

    assert lasting.has_obeyed(next_)
    wait_for(lambda: all(map(is_gone, map(int, children(lasting.pid).split()))), "all forks")
    assert not Path(late["file"]).exists()


def test_what_is_no_order_is_not_obeyed(lasting: Lasting) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(socket_path(lasting.state))
        connection.sendall(b"?\n")
        assert connection.recv(100) == b""

    assert lasting.has_obeyed(lasting.order("file"))


def test_what_a_fork_may_not_take_on_ends_it(lasting: Lasting) -> None:
    limits = inheritance()["limits"] | {"RLIMIT_NOFILE": (1 << 40, 1 << 40)}

    with pytest.raises(RefusedHereError, match="cannot be as its caller is"):
        ask(lasting.state, lasting.order("file", limits=limits), [0], MOST_S)

    wait_for(lambda: is_gone(lasting.pid), "its end")
    assert not os.path.exists(socket_path(lasting.state))


def test_it_ends_when_nobody_has_asked_for_long_enough(begin: Callable[[float], Lasting]) -> None:
    lasting = begin(0.01)

    wait_for(lambda: is_gone(lasting.pid), "its end")

    assert not os.path.exists(socket_path(lasting.state))
