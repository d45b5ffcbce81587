"""The loop of a parallel run: one thread, one selector. Facts from processes in, orders out to them.

It decides nothing (``core.controller`` does) and knows nothing of pytest (the ``Host`` does).
"""

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from handrail.core import controller, controlling
from handrail.core.controlling import Fact, Loss, Order, Pressure, State
from handrail.execution import limits, wire
from handrail.execution.slots import Slots, Word, create
from handrail.execution.wire import Message
from handrail.execution.worker_end import Command, Tag, WorkerEnd
from handrail.execution.worker_process import PIPE_BYTES, Ending, WorkerProcess, start_worker
from handrail.system import processes

TICK_S = 0.05
LOOK_S = 0.02
"""Between two looks at what workers report. Waking up for every test costs the tests their time."""


_UNKNOWN = Ending(status=-signal.SIGKILL)


class Host(Protocol):
    """The test framework's side of a run."""

    def start(self, end: WorkerEnd) -> int:
        """Start a worker process that serves ``end``; return its process id. Raises: OSError."""
        ...

    def received(self, worker: int, message: Message) -> None:
        """A worker said something that is not the loop's."""
        ...

    def lost(self, worker: int, test: int, loss: Loss, ending: Ending, *, is_late: bool) -> None:
        """A test did not end by itself. ``is_late``: it had, but not what it left standing."""
        ...

    def uncollected(self, module: int, loss: Loss, ending: Ending) -> None:
        """A module could not be collected because its worker ended."""
        ...

    def gave_up(self, ending: Ending) -> None:
        """Workers die before they do anything."""
        ...

    def tick(self, running: Iterable[tuple[int, int, float]]) -> None:
        """Sign of life, about every ``TICK_S``: worker, test, for how long already."""
        ...


class Loop:
    """Carries out orders and reports facts until nothing is left to do."""

    def __init__(
        self, state: State, host: Host, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.state = state
        self._host = host
        self._clock = clock
        self._slots = Slots(create())
        self._free = list(range(1024, 0, -1))
        self._selector = selectors.DefaultSelector()
        self._bell, self._bell_rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._bell_rope, False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._workers: dict[int, WorkerProcess] = {}
        self._endings: dict[int, Ending] = {}
        self._next_tick = 0.0
        self._is_interrupted = False
        processes.adopt_orphans()

    @property
    def is_interrupted(self) -> bool:
        """Whether Ctrl-C has been pressed."""
        return self._is_interrupted

    def begin(self) -> None:
        """Start the workers."""
        self._fold(controller.begin(self.state, self._clock()))

    def tell(self, fact: Fact) -> None:
        """Report a fact that comes from outside the loop."""
        self._fold(controller.decide(self.state, fact, self._clock()))

    def hand_back(self) -> None:
        """Let every worker stop after the test that it runs."""
        for worker in self._workers.values():
            self._slots.tell(worker.end.slot, Word.HAND_BACK)
        self.tell(controlling.Stop())

    def run_until(self, is_done: Callable[[State], bool]) -> None:
        """Serve the workers until this holds, or none is left.

        Raises: KeyboardInterrupt after the workers were stopped because of one.
        """
        while not is_done(self.state) and not self.state.is_over:
            try:
                self._serve_once()
            except KeyboardInterrupt:
                self._interrupt()
        if self._is_interrupted and self.state.is_over:
            raise KeyboardInterrupt

    def close(self) -> None:
        """End every worker that is left, and everything they started. Safe at any time."""
        for number in list(self._workers):
            self._kill(number)
            self._reap(number)
        for descriptor in (self._bell, self._bell_rope):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._selector.close()

    # Facts.

    def _interrupt(self) -> None:
        if self._is_interrupted:
            self.close()
            raise KeyboardInterrupt
        self._is_interrupted = True
        self.tell(controlling.Stop(now_too=True))
        for number in set(self.state.jobs) - set(self._workers):
            # Ctrl-C came while this worker was being buried or started; nothing else will tell.
            self.tell(controlling.Gone(number))

    def _serve_once(self) -> None:
        for key, _ in self._selector.select(LOOK_S):
            if key.fd == self._bell:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._bell, 4096)
            elif key.data in self._workers:
                self._bury(key.data)
        # Looked at before what they report is read: when a test is found to overstep its limit, all
        # that ended before it has been taken in, and none of that is run again in another worker.
        watches = self._look() if self._clock() >= self._next_tick else None
        for number in list(self._workers):
            if number in self._workers and not self._read(number):
                self._bury(number)
        if watches is not None:
            self._next_tick = self._clock() + TICK_S
            self._watch(watches)

    def _read(self, number: int, *, at_rest: bool = True) -> bool:
        """Take in what the worker wrote; False at the end of the stream.

        ``at_rest``: what to answer when there is nothing to read just now.
        """
        worker = self._workers[number]
        try:
            chunk = os.read(worker.reports, PIPE_BYTES)
        except BlockingIOError:
            return at_rest
        except OSError:
            return False
        count, seconds = 0, 0.0
        for message in worker.incoming.feed(chunk):
            if message[0] == Tag.FINISHED:
                if not self._is_doomed(number):
                    self._host.received(number, message)
                    count, seconds = count + 1, seconds + message[1]
                continue
            if count:
                self.tell(controlling.Finished(number, count, seconds))
                count, seconds = 0, 0.0
            self._take_in(number, message)
        if count:
            self.tell(controlling.Finished(number, count, seconds))
        return bool(chunk)

    def _is_doomed(self, number: int) -> bool:
        job = self.state.jobs.get(number)
        return job is None or job.doomed is not None

    def _take_in(self, number: int, message: Message) -> None:
        if self._is_doomed(number):
            return
        match message[0]:
            case Tag.ASK:
                self.tell(controlling.Asks(number, can_wait=False))
            case Tag.IDLE:
                self.tell(controlling.Asks(number, can_wait=True))
            case Tag.COLLECTED:
                self._host.received(number, message)
                self.tell(controlling.ModuleCollected(number, message[1]))
            case Tag.RETURNED:
                self.tell(controlling.Returned(number))
            case Tag.HELLO:
                self._workers[number].open_output(message[1])
            case _:
                self._host.received(number, message)

    def _look(self) -> tuple[controlling.Watch, ...]:
        """What the busy workers are doing."""
        now = self._clock()
        watches = []
        for number, worker in self._workers.items():
            job = self.state.jobs[number]
            if job.is_idle and job.pressure is Pressure.NONE:
                continue
            if self.state.limits.memory_bytes is not None:
                worker.memory_bytes = processes.resident_bytes(worker.pid)
            seen = self._slots.read(worker.end.slot)
            watches.append(
                controlling.Watch(
                    worker=number,
                    test=seen.test,
                    for_s=now - seen.since,
                    limit_s=seen.limit_s,
                    memory_bytes=worker.memory_bytes,
                    has_told=job.pressure is Pressure.DUMPED and worker.has_told,
                )
            )
        return tuple(watches)

    def _watch(self, watches: tuple[controlling.Watch, ...]) -> None:
        for number, worker in list(self._workers.items()):
            if worker.pidfd < 0 and number in self._workers and worker.has_ended():
                self._bury(number)
        self.tell(controlling.Tick(watches))
        self._host.tick((w.worker, w.test, w.for_s) for w in watches if w.test is not None)

    def _bury(self, number: int) -> None:
        """The process has ended, or cannot be talked to any more: make sure, and say so."""
        worker = self._workers[number]
        while self._read(number, at_rest=False):
            pass
        self._kill(number)
        seen = self._slots.read(worker.end.slot)
        self._endings[number] = self._reap(number)
        self.tell(controlling.Gone(number, seen.test))
        del self._endings[number]

    def _reap(self, number: int) -> Ending:
        worker = self._workers.pop(number)
        if worker.pidfd >= 0:
            self._selector.unregister(worker.pidfd)
        self._free.append(worker.end.slot)
        return worker.reap()

    # Orders.

    def _fold(self, decision: tuple[State, list[Order]]) -> None:
        self.state, orders = decision
        for order in orders:
            self._obey(order)

    def _obey(self, order: Order) -> None:
        match order:
            case controlling.Run(worker, tests):
                self._command(worker, (Command.RUN, *tests))
            case controlling.Collect(worker, modules):
                self._command(worker, (Command.COLLECT, *modules))
            case controlling.NothingMore(worker):
                self._command(worker, (Command.NOTHING_MORE,))
            case controlling.NothingYet(worker):
                self._command(worker, (Command.NOTHING_YET,))
            case controlling.Retire(worker):
                self._command(worker, (Command.RETIRE,))
            case controlling.Spawn(worker):
                self._spawn(worker)
            case controlling.RecordLost(worker, test, loss, is_late):
                self._host.lost(worker, test, loss, self._ending(worker), is_late=is_late)
            case controlling.RecordUncollected(worker, module, loss):
                self._host.uncollected(module, loss, self._ending(worker))
            case controlling.GiveUp():
                self._host.gave_up(next(iter(self._endings.values()), _UNKNOWN))
            case _:
                self._press(order)

    def _ending(self, worker: int) -> Ending:
        return self._endings.get(worker, _UNKNOWN)

    def _press(self, order: Order) -> None:
        worker = self._workers.get(getattr(order, "worker", -1))
        if worker is None:
            return
        match order:
            case controlling.Dump():
                self._slots.tell(worker.end.slot, Word.END)
                worker.send_signal(limits.STACKS_SIGNAL)
            case controlling.Interrupt():
                self._slots.tell(worker.end.slot, Word.HAND_BACK)
                worker.send_signal(signal.SIGINT)
            case controlling.Terminate():
                processes.signal_group(worker.pid, signal.SIGTERM)
            case controlling.Kill(number):
                self._kill(number)
            case _:
                raise AssertionError(order)

    def _kill(self, number: int) -> None:
        self._workers[number].kill(each.pid for each in self._workers.values())

    def _command(self, number: int, message: Message) -> None:
        worker = self._workers.get(number)
        if worker is not None:
            with contextlib.suppress(OSError):  # it is dying; its pidfd will tell
                wire.send(worker.commands, message)

    def _spawn(self, number: int) -> None:
        slot = self._free.pop()
        self._slots.reset(slot, self._clock())
        worker = start_worker(
            number, slot, self._host.start, bell=self._bell_rope, slots=self._slots.descriptor
        )
        self._workers[number] = worker
        if worker.pidfd >= 0:
            self._selector.register(worker.pidfd, selectors.EVENT_READ, number)

    def foreign_descriptors(self) -> list[int]:
        """Descriptors of this loop that a forked worker must close: they lead to other workers."""
        found = [self._selector.fileno()] if hasattr(self._selector, "fileno") else []
        found.append(self._bell)
        for worker in self._workers.values():
            found += worker.descriptors
        return found
