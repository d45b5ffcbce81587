"""What outlives a supervisor that is killed. Real processes; who lives is known by open pipes."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from handrail.execution.keeper import end_all, marked
from handrail.execution.lineage import Lineage
from handrail.system.processes import below

READY_S = 10.0
MARK = "HANDRAIL_TEST_KEEPER"
SUPERVISOR = """
import os, signal, sys
from pathlib import Path
from handrail.execution.keeper import Keeper

def on_loss(left):
    assert left == {{}}
    os.write({kept}, b"lost\\n")
    {on_loss}

{begins}
keeper = Keeper({mark!r}, on_loss, kept={kept})
print(keeper.pid, flush=True)
for order in sys.stdin:
    if order == "release\\n":
        keeper.release()
    print(order, end="", flush=True)
signal.pause()
"""
MARKED = """
import os, signal
for way in {ways!r}:
    if way == "setsid":
        os.setsid()
    elif os.fork():
        os._exit(0)
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
os.write({pipe}, b"%d\\n" % os.getpid())
while True:
    signal.pause()
"""
WAYS = [(), ("setsid",), ("fork", "fork"), ("fork", "setsid", "fork")]


def heard(source: int) -> bytes:
    """What comes next from a pipe; nothing if its last writer is gone."""
    assert select.select([source], [], [], READY_S)[0], "nothing came"
    return os.read(source, 64)


class Left:
    """A process that a test started and left behind; it holds a pipe open as long as it lives."""

    def __init__(self, value: str, ways: tuple[str, ...] = ()) -> None:
        self.source, sink = os.pipe()
        code = MARKED.format(ways=ways, pipe=sink)
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", code],
            pass_fds=(sink,),
            env={**os.environ, MARK: value},
        )
        os.close(sink)
        self.pid = int(heard(self.source))
        if self.pid != self._process.pid:
            self._process.wait(READY_S)

    def is_alive(self) -> bool:
        return not select.select([self.source], [], [], 0)[0]

    def is_gone(self) -> bool:
        """Wait for its end; False if that takes too long."""
        return bool(select.select([self.source], [], [], READY_S)[0])

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        assert self.is_gone()
        self._process.wait(READY_S)
        os.close(self.source)


class Supervisor:
    """A process with a keeper; ``said`` is the end of the pipe in which ``on_loss`` speaks."""

    def __init__(
        self, value: str, *, on_loss: str = "pass", begins: str = "", held: tuple[int, ...] = ()
    ) -> None:
        self.said, sink = os.pipe()
        mark = f"{MARK}={value}".encode()
        code = SUPERVISOR.format(mark=mark, kept=sink, on_loss=on_loss, begins=begins)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(sink, *held),
            process_group=0,
        )
        os.close(sink)
        assert self.process.stdout is not None
        self.keeper = int(self.process.stdout.readline())
        self._wait_for_session()

    def _wait_for_session(self) -> None:
        ignored = sum(1 << (n - 1) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        ends_at = time.monotonic() + READY_S
        while time.monotonic() < ends_at:
            lines = Path(f"/proc/{self.keeper}/status").read_text().splitlines()
            found = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            if int(found["SigIgn"], 16) & ignored == ignored:
                return
        pytest.fail("the keeper ignores no signals")

    def order(self, text: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{text}\n".encode())
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"{text}\n".encode()

    def kill(self) -> None:
        """All of its group, as whoever ends a job does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(READY_S)

    def end(self) -> None:
        self.kill()
        with suppress(ProcessLookupError):
            os.kill(self.keeper, signal.SIGKILL)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()
        os.close(self.said)


@pytest.fixture
def value(tmp_path: Path) -> str:
    """What marks the processes of this test and no others."""
    return str(tmp_path)


@pytest.fixture
def supervisor(value: str) -> Generator[Supervisor]:
    made = Supervisor(value)
    yield made
    made.end()


@pytest.fixture
def left(value: str, request: pytest.FixtureRequest) -> Generator[Left]:
    made = Left(value, getattr(request, "param", ()))
    yield made
    made.end()


@pytest.mark.slow
@pytest.mark.parametrize("left", WAYS, indirect=True, ids=lambda ways: "-".join(ways) or "child")
def test_what_is_marked_dies_with_the_supervisor_wherever_it_went(
    supervisor: Supervisor, left: Left
) -> None:
    was_alive = left.is_alive()

    supervisor.kill()

    assert was_alive
    assert left.is_gone()


@pytest.mark.slow
def test_the_loss_is_told_once_after_the_end_of_all_that_was_left(
    supervisor: Supervisor, left: Left
) -> None:
    supervisor.kill()

    assert heard(supervisor.said) == b"lost\n"
    assert not left.is_alive()
    assert heard(supervisor.said) == b""


@pytest.mark.slow
def test_a_loss_is_told_where_nothing_was_left(supervisor: Supervisor) -> None:
    supervisor.kill()

    assert heard(supervisor.said) == b"lost\n"
    assert heard(supervisor.said) == b""


@pytest.mark.slow
def test_a_keeper_that_is_released_ends_and_leaves_all_alone(
    supervisor: Supervisor, left: Left
) -> None:
    supervisor.order("release")
    is_keeper_gone = not Path(f"/proc/{supervisor.keeper}").exists()

    supervisor.kill()

    assert is_keeper_gone
    assert heard(supervisor.said) == b""
    assert left.is_alive()


@pytest.mark.slow
def test_nothing_happens_while_the_supervisor_lives(supervisor: Supervisor, left: Left) -> None:
    supervisor.order("anything")

    assert left.is_alive()
    assert not select.select([supervisor.said], [], [], 0)[0]


@pytest.mark.slow
def test_what_has_another_mark_or_none_lives_on(supervisor: Supervisor, value: str) -> None:
    others = [Left(f"{value}2"), Left(""), Left(f"x{value}")]

    supervisor.kill()
    told = heard(supervisor.said)

    alive = [other.is_alive() for other in others]
    for other in others:
        other.end()
    assert told == b"lost\n"
    assert alive == [True, True, True]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signals_that_end_a_supervisor_do_not_end_its_keeper(
    supervisor: Supervisor, number: signal.Signals
) -> None:
    os.kill(supervisor.keeper, number)

    supervisor.kill()

    assert heard(supervisor.said) == b"lost\n"


@pytest.mark.slow
def test_a_keeper_is_in_a_session_of_its_own_and_holds_nothing_but_what_it_needs(
    supervisor: Supervisor,
) -> None:
    session = os.getsid(supervisor.keeper)
    ends_at = time.monotonic() + READY_S
    while (held := os.listdir(f"/proc/{supervisor.keeper}/fd")) and len(held) > 2:
        assert time.monotonic() < ends_at, held

    assert session == supervisor.keeper
    assert len(held) == 2


@pytest.mark.slow
def test_release_is_fine_after_the_keeper_was_killed(supervisor: Supervisor) -> None:
    os.kill(supervisor.keeper, signal.SIGKILL)

    supervisor.order("release")

    assert supervisor.process.poll() is None


@pytest.mark.slow
def test_a_keeper_that_fails_to_tell_ends_all_the_same(value: str) -> None:
    supervisor = Supervisor(value, on_loss="raise LookupError")

    supervisor.kill()
    told = heard(supervisor.said)
    end = heard(supervisor.said)
    supervisor.end()

    assert (told, end) == (b"lost\n", b"")


# What emptied its environment.

BARE = """
import os, subprocess, sys
from handrail.system import processes
processes.adopt_orphans()
command = [sys.executable, "-S", "-E", "-c", {code!r}]
if {how!r} == "orphan":
    command = ["/bin/sh", "-c", '"$@" & exit', "sh", *command]
subprocess.Popen(command, start_new_session={how!r} == "session", env=dict(), pass_fds=({pipe},))
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["child", "session", "orphan"])
def test_what_emptied_its_environment_dies_with_the_supervisor_that_it_was_seen_below(
    value: str, how: str
) -> None:
    source, sink = os.pipe()
    supervisor = Supervisor(
        value,
        begins=BARE.format(pipe=sink, how=how, code=MARKED.format(ways=(), pipe=sink)),
        held=(sink,),
    )
    os.close(sink)
    try:
        pid = int(heard(source))
        is_below = pid in below(supervisor.process.pid)
        wait_for_a_look(supervisor.keeper)

        supervisor.kill()

        assert is_below
        assert heard(source) == b""
    finally:
        supervisor.end()
        os.close(source)


def wait_for_a_look(keeper: int) -> None:
    """Until it was woken up twice: the second time it saw everything that is there now."""

    def waits() -> int:
        lines = Path(f"/proc/{keeper}/status").read_text().splitlines()
        return int(dict(each.split(":\t") for each in lines)["voluntary_ctxt_switches"])

    ends_at, before = time.monotonic() + READY_S, waits()
    while waits() < before + 2:
        assert time.monotonic() < ends_at


# What is marked.


@pytest.mark.slow
def test_marked_are_living_processes_with_the_whole_mark(left: Left, value: str) -> None:
    mark = f"{MARK}={value}".encode()

    assert marked(mark) == {left.pid}
    assert marked(mark[:-1]) == set()
    assert marked(value.encode()) == set()


@pytest.mark.slow
def test_all_that_is_marked_is_ended_and_one_that_is_gone_is_fine(value: str) -> None:
    mark = f"{MARK}={value}".encode()
    left = [Left(value, ways) for ways in WAYS]

    end_all(mark, Lineage(os.getpid()))
    end_all(mark, Lineage(os.getpid()))

    are_gone = [each.is_gone() for each in left]
    for each in left:
        with suppress(ChildProcessError):
            each._process.wait(READY_S)
        os.close(each.source)
    assert are_gone == [True] * len(WAYS)
    assert marked(mark) == set()


@pytest.mark.slow
def test_a_process_never_ends_itself() -> None:
    code = f"""
import os
from handrail.execution.keeper import end_all, marked
from handrail.execution.lineage import Lineage
mark = b"{MARK}=" + os.environb[b"{MARK}"]
assert marked(mark) == set()
end_all(mark, Lineage(os.getpid()))
print("alive")
"""
    environ = {**os.environ, MARK: f"itself-{os.getpid()}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, timeout=READY_S, check=True
    )

    assert done.stdout == b"alive\n"


@pytest.mark.slow
def test_what_cannot_be_killed_is_told_of_and_not_tried_without_end(left: Left, value: str) -> None:
    tried = []

    found = end_all(
        f"{MARK}={value}".encode(),
        Lineage(os.getpid()),
        within_s=1.0,
        kill=lambda pid, number: tried.append(pid),
    )

    assert found == {left.pid}
    assert 1 < len(tried) < 100  # with pauses, and not as often as a processor can
    assert left.is_alive()


@pytest.mark.slow
def test_what_is_somebody_elses_is_tried_once(left: Left, value: str) -> None:
    tried = []

    def refuse(pid: int, number: int) -> None:
        tried.append(pid)
        raise PermissionError

    found = end_all(f"{MARK}={value}".encode(), Lineage(os.getpid()), within_s=READY_S, kill=refuse)

    assert (found, tried) == ({left.pid}, [left.pid])
