"""The loop with workers that are real processes and do what a script says; none is left."""

import contextlib
import faulthandler
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field

import pytest

from handrail.core.controlling import Limits, Loss, Planned, State, Stop
from handrail.core.pressing import DUMP_S
from handrail.core.scheduling import Agenda, Unit
from handrail.execution import limits, wire
from handrail.execution.loop import Loop
from handrail.execution.slots import Slots, Word
from handrail.execution.wire import Message
from handrail.execution.worker_end import Command, Tag, WorkerEnd
from handrail.execution.worker_process import Ending
from handrail.system import processes

MOST_S = 20.0
LIMIT_S = 0.6
Script = Callable[[], None]


def wait_for_good() -> None:
    while True:
        signal.pause()


def hang() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    wait_for_good()


def hang_whatever_comes() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wait_for_good()


def crash() -> None:
    signal.raise_signal(signal.SIGKILL)


def start_one_that_stays() -> None:
    """A grandchild, in a session of its own, that holds all descriptors open."""
    subprocess.Popen(["sleep", "60"], start_new_session=True, close_fds=False)


def leave_one_behind_and_crash() -> None:
    """Only its environment says whose the process is: it has a session of its own and no parent."""
    subprocess.Popen(["sleep", "60"], start_new_session=True)
    crash()


class Child:
    """The worker's side of the protocol, as short as it can be."""

    def __init__(self, end: WorkerEnd, scripts: dict[int, Script]) -> None:
        self.end = end
        self.scripts = scripts
        self.slots = Slots(end.slots)

    def say(self, *message: object) -> None:
        wire.send(self.end.reports, message)
        with contextlib.suppress(BlockingIOError):
            os.write(self.end.bell, b"!")

    def serve(self) -> None:
        self.say(Tag.IDLE)
        while True:
            command = wire.receive(self.end.commands)
            if command is None or command[0] == Command.RETIRE:
                return
            if command[0] == Command.COLLECT:
                for module in command[1:]:
                    self.scripts.get(-1 - module, lambda: None)()
                    self.say(Tag.COLLECTED, module)
                self.say(Tag.IDLE)
            while command[0] == Command.RUN:
                command = self.run(command[1:])

    def run(self, tests: tuple[int, ...]) -> Message:
        following: Message = (Command.NOTHING_MORE,)
        for test in tests:
            word = self.slots.told(self.end.slot)
            if word == Word.END:
                os._exit(1)
            if word == Word.HAND_BACK:
                self.say(Tag.RETURNED)
                break
            self.slots.begin(self.end.slot, test, time.monotonic(), LIMIT_S)
            self.scripts.get(test, lambda: None)()
            if test == tests[-1]:
                self.say(Tag.ASK)
                following = wire.receive(self.end.commands) or following
            self.slots.end(self.end.slot)
            self.say(Tag.FINISHED, 0.001, test)
        if following[0] != Command.RUN:
            self.say(Tag.IDLE)
        return following


@dataclass
class FakeHost:
    """Forks workers that do what the scripts say; a test's is found under its number."""

    scripts: dict[int, Script] = field(default_factory=dict)
    finished: list[int] = field(default_factory=list)
    collected: list[int] = field(default_factory=list)
    losses: list[tuple[int, Loss, Ending]] = field(default_factory=list)
    broken: list[tuple[int, Loss]] = field(default_factory=list)
    said: list[Message] = field(default_factory=list)
    gave_up_over: list[Ending] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)
    ends: list[WorkerEnd] = field(default_factory=list)
    on_finished: Callable[[int], None] = lambda test: None
    on_start: Script = lambda: None
    loop: Loop | None = None

    def start(self, end: WorkerEnd) -> int:
        assert self.loop is not None
        foreign = self.loop.foreign_descriptors()
        self.ends.append(end)
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                os.setpgid(0, 0)
                processes.die_with_parent()
                os.environ["PYTEST_XDIST_WORKER"] = f"gw{end.number}"
                signal.signal(signal.SIGINT, signal.default_int_handler)
                faulthandler.register(limits.STACKS_SIGNAL, file=end.stacks)
                for descriptor in foreign:
                    os.close(descriptor)
                self.on_start()
                Child(end, self.scripts).serve()
            os._exit(0)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self.pids.append(pid)
        return pid

    def received(self, worker: int, message: Message) -> None:
        if message[0] == Tag.FINISHED:
            self.finished.append(message[2])
            self.on_finished(message[2])
        elif message[0] == Tag.COLLECTED:
            self.collected.append(message[1])
        else:
            self.said.append(message)

    def lost(self, worker: int, test: int, loss: Loss, ending: Ending, *, is_late: bool) -> None:
        self.losses.append((test, loss, ending))

    def uncollected(self, module: int, loss: Loss, ending: Ending) -> None:
        self.broken.append((module, loss))

    def gave_up(self, ending: Ending) -> None:
        self.gave_up_over.append(ending)

    def tick(self, running: Iterable[tuple[int, int, float]]) -> None:
        assert all(for_s >= 0 for _, _, for_s in running)


def agenda(*sizes: int) -> Agenda:
    units = []
    for module, size in enumerate(sizes):
        tests = tuple(range(module * 100, module * 100 + size))
        units.append(Unit(key=module, module=module, tests=tests))
    return Agenda(pending=tuple(units))


@pytest.fixture
def opened() -> Generator[Callable[..., Loop]]:
    loops: list[Loop] = []

    def open_loop(host: FakeHost, state: State) -> Loop:
        loop = Loop(state, host)
        loops.append(loop)
        host.loop = loop
        loop.begin()
        return loop

    before = processes.descendants(os.getpid())
    yield open_loop
    for loop in loops:
        loop.close()
        os.close(loop._slots.descriptor)
    left = {pid for pid in processes.descendants(os.getpid()) - before if not is_ending(pid)}
    processes.kill_all(left)
    assert not left, "no process is left"


def is_ending(pid: int) -> bool:
    """Whether it has been killed: whoever adopts orphans has to wait for them, and does so here."""
    for _ in range(200):
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return True
        except ChildProcessError:
            return True
        select.select([], [], [], 0.01)
    return False


def running(*sizes: int, workers: int = 2, **limit: float) -> State:
    budget = limit.pop("ends_in", None)
    ends_at = None if budget is None else time.monotonic() + budget
    bounds = Limits(grace_s=0.1, ends_at=ends_at)
    return State(workers=workers, limits=bounds, agenda=agenda(*sizes))


def until_over(loop: Loop) -> None:
    ends_at = time.monotonic() + MOST_S
    loop.run_until(lambda _: time.monotonic() > ends_at)
    assert loop.state.is_over


def test_every_test_is_run_once(opened: Callable[..., Loop]) -> None:
    host = FakeHost()

    until_over(opened(host, running(20, 7, 1)))

    assert sorted(host.finished) == [*range(20), *range(100, 107), 200]
    assert host.losses == []


@pytest.mark.parametrize(
    ("script", "loss", "ended"),
    [
        (crash, Loss.CRASHED, "SIGKILL"),
        (lambda: os._exit(3), Loss.CRASHED, "exit code 3"),
        (hang, Loss.TIMED_OUT, "SIGTERM"),
        (hang_whatever_comes, Loss.TIMED_OUT, "SIGKILL"),
        (leave_one_behind_and_crash, Loss.CRASHED, "SIGKILL"),
    ],
    ids=["crash", "exit", "hang", "hang for good", "leave one behind"],
)
def test_a_test_that_does_not_end_costs_itself_only(
    opened: Callable[..., Loop], script: Script, loss: Loss, ended: str
) -> None:
    host = FakeHost(scripts={1: script})

    until_over(opened(host, running(4, 3)))

    assert [(test, why) for test, why, _ in host.losses] == [(1, loss)]
    assert host.losses[0][2].text == ended
    assert sorted(host.finished) == [0, 2, 3, 100, 101, 102]


def test_a_worker_that_is_slow_to_write_its_stacks_is_waited_for(
    opened: Callable[..., Loop],
) -> None:
    """Without that, SIGTERM ends it meanwhile."""
    host = FakeHost()

    def dump_late() -> None:
        faulthandler.unregister(limits.STACKS_SIGNAL)
        signal.signal(limits.STACKS_SIGNAL, lambda *_: None)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pause()  # until it is asked for them
        select.select([], [], [], 5 * DUMP_S)
        os.write(host.ends[-1].stacks, b"where it hangs")
        wait_for_good()

    host.scripts[0] = dump_late

    until_over(opened(host, running(1, workers=1)))

    ((_, why, ending),) = host.losses
    assert (why, ending.stacks) == (Loss.TIMED_OUT, "where it hangs")


def test_a_worker_that_cannot_be_heard_any_more_is_ended(opened: Callable[..., Loop]) -> None:
    def close_everything() -> None:
        os.closerange(3, 256)
        wait_for_good()

    host = FakeHost(scripts={1: close_everything})

    until_over(opened(host, running(3)))

    assert [test for test, _, _ in host.losses] == [1]
    assert sorted(host.finished) == [0, 2]


def test_a_grandchild_that_holds_the_pipes_delays_nothing_and_is_ended(
    opened: Callable[..., Loop],
) -> None:
    host = FakeHost(scripts={1: start_one_that_stays})

    until_over(opened(host, running(3, workers=1)))

    assert sorted(host.finished) == [0, 1, 2]
    assert host.losses == []


def test_a_module_whose_collection_crashes_is_told_and_the_others_are_collected(
    opened: Callable[..., Loop],
) -> None:
    host = FakeHost(scripts={-1 - 1: crash})
    state = State(workers=2, limits=Limits(grace_s=0.1), modules=(0, 1, 2))
    loop = opened(host, state)

    loop.run_until(lambda state: state.is_collected)
    loop.tell(Planned(agenda(2)))
    until_over(loop)

    assert sorted(host.collected) == [0, 2]
    assert host.broken == [(1, Loss.CRASHED)]
    assert sorted(host.finished) == [0, 1]


def test_workers_that_die_at_once_end_the_run(opened: Callable[..., Loop]) -> None:
    host = FakeHost(on_start=lambda: os._exit(7))

    until_over(opened(host, running(5)))

    assert [ending.status for ending in host.gave_up_over] == [7]


def test_a_stop_hands_back_what_has_not_begun(opened: Callable[..., Loop]) -> None:
    host = FakeHost()
    loop = opened(host, running(300, workers=1))
    host.on_finished = lambda test: None if loop.state.is_stopping else loop.hand_back()

    until_over(loop)

    assert 0 < len(host.finished) < 300
    assert host.losses == []


def test_ctrl_c_ends_even_what_ignores_it(opened: Callable[..., Loop]) -> None:
    host = FakeHost(scripts={1: hang_whatever_comes})
    loop = opened(host, running(2, workers=1))
    host.on_finished = lambda test: signal.raise_signal(signal.SIGINT)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    with pytest.raises(KeyboardInterrupt):
        until_over(loop)
    signal.signal(signal.SIGINT, before)

    assert loop.state.is_over
    assert {loss for _, loss, _ in host.losses} <= {Loss.INTERRUPTED}


def test_ctrl_c_while_a_worker_is_buried_does_not_make_it_immortal(
    opened: Callable[..., Loop],
) -> None:
    host = FakeHost(scripts={0: hang})
    loop = opened(host, running(2, workers=1))
    limits.kill_tree(host.pids[0])
    loop._reap(0)

    loop._interrupt()

    assert loop.state.is_over


def test_the_budget_ends_a_run(opened: Callable[..., Loop]) -> None:
    host = FakeHost(scripts={1: hang})

    until_over(opened(host, running(3, workers=1, ends_in=0.6)))

    assert [(test, loss) for test, loss, _ in host.losses] == [(1, Loss.BUDGET)]
    assert host.finished == [0]


def test_what_the_loop_does_not_understand_goes_to_the_host(opened: Callable[..., Loop]) -> None:
    host = FakeHost()
    child_says: list[Message] = []

    def start_by_saying() -> None:
        child_says.append(("unheard",))

    host.on_start = start_by_saying
    serve = Child.serve

    def talkative(self: Child) -> None:
        self.say("something", 1)
        serve(self)

    Child.serve = talkative  # type: ignore[method-assign]
    try:
        until_over(opened(host, running(1)))
    finally:
        Child.serve = serve  # type: ignore[method-assign]

    assert host.said == [("something", 1)]


def test_closing_ends_workers_whatever_they_do(opened: Callable[..., Loop]) -> None:
    host = FakeHost(scripts={0: hang_whatever_comes})
    loop = opened(host, running(1, workers=1))
    loop.run_until(lambda _: loop._slots.read(loop._workers[0].end.slot).test == 0)

    loop.close()

    with pytest.raises(ProcessLookupError):
        os.kill(host.pids[0], 0)


def test_a_loop_that_is_stopped_before_anything_ran_is_over(opened: Callable[..., Loop]) -> None:
    host = FakeHost()
    loop = opened(host, running(5))

    loop.tell(Stop(now_too=True))
    until_over(loop)

    assert host.finished == []
    assert host.gave_up_over == []
