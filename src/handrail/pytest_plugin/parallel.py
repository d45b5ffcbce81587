"""The controller's side of a parallel run inside pytest: collection, workers, reports.

Two strategies. *Collect in workers*: directories are expanded here, workers are forked, each module
is collected by the worker that will run it. *Collect, then fork*: the whole list is made here, when
something wants to see it in one process. Either way the tests run in workers and their reports pass
through the same hooks as plain pytest's, so that every reporting plugin sees what it would see.
"""

import gc
import sys
import time
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from handrail.core.ahead import estimate_of
from handrail.core.controlling import Again, Limits, Loss, Planned, State, Stop
from handrail.execution import wire
from handrail.execution.loop import Loop
from handrail.execution.worker_end import Tag, WorkerEnd
from handrail.execution.worker_process import Ending
from handrail.model.events import (
    Collected,
    Note,
    Progress,
    Running,
)
from handrail.model.spec import RunSpec
from handrail.model.tiers import Isolation
from handrail.pytest_plugin import losses
from handrail.pytest_plugin.deferring import can_defer, may_defer
from handrail.pytest_plugin.internals import collection, junit, marks, process, terminal
from handrail.pytest_plugin.lessons import Later
from handrail.pytest_plugin.line import Tell
from handrail.pytest_plugin.recording import EventStream
from handrail.pytest_plugin.relay import Relay
from handrail.pytest_plugin.selection import Barrier
from handrail.pytest_plugin.serving import fork_worker
from handrail.pytest_plugin.table import Table
from handrail.pytest_plugin.work import Work, by_path, checksum, tabulate
from handrail.system import processes

if TYPE_CHECKING:
    from handrail.pytest_plugin.sharding import Sharing

PROGRESS_S = 0.5


class Parallel:
    """A pytest plugin and the host of the loop."""

    def __init__(
        self,
        config: pytest.Config,
        spec: RunSpec,
        barrier: Barrier,
        stream: EventStream,
        lessons: "Later",
    ) -> None:
        self._config = config
        self._hook = config.hook
        self._spec = spec
        self._barrier = barrier
        self._stream = stream
        self._lessons = lessons
        self._relay = Relay(config, stream)
        self._table = Table()
        self._groups: tuple[tuple[Any, ...], ...] = ()
        self._loop: Loop | None = None
        self._work = Work()
        self._began_at = time.monotonic()
        self._progress_at = 0.0
        self._is_deferring = False
        self._spawns = spec.strategy == "spawn" or sys.platform == "darwin"
        self._worker_problem: BaseException | None = None
        self._sharing: Sharing | None = None
        self._ids = 0
        """Of the tests that were collected here, in the order of collection."""

    # Collection.

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        """Collect without the garbage collector: nothing becomes garbage, and looking costs a quarter."""
        self._session = session
        marks.check_expressions(self._config)
        gc.disable()
        self._is_deferring = may_defer(self._config, self._spec)
        try:
            result = yield
        finally:
            collection.go_below_files(session)
        if self._is_deferring:
            session.testscollected = len(self._table.traits)
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Decide where to collect, when all files and conftests are known; tell of what is broken."""
        if report.nodeid == "" and self._is_deferring:
            self._decide_where(report)
        if report.outcome != "passed":
            self._relay.tell_collected(report)

    def _decide_where(self, report: pytest.CollectReport) -> None:
        """In the workers, unless something wants to see every item in one process."""
        self._groups = by_path(collection.files_below(self._session, report))
        if can_defer(self._config, self._groups):
            collection.stop_at_files(self._session)
        else:
            self._is_deferring = False

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Say which file is collected in this process: its import may end the process."""
        if isinstance(collector, pytest.File):
            running = Running(test=collector.nodeid, for_s=0.0, worker="")
            self._stream.add(Progress(at=time.time(), running=(running,)))
            self._stream.flush()

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count what ``-k``, ``-m`` and plugins leave out in this process."""
        self._table.deselected += len(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session) -> None:
        """Collect in workers, if that was decided: this session has found no item of its own."""
        if not self._is_deferring:
            return
        collection.go_below_files(session)
        self._work = Work(files=self._groups)
        self._loop = self._new_loop(
            State(
                workers=self._spec.workers,
                limits=self._limits(),
                modules=tuple(range(len(self._groups))),
            )
        )
        self._loop.begin()
        self._loop.run_until(lambda state: state.is_collected)
        self._table.traits = dict(sorted(self._table.traits.items()))
        self._table.shuffle(self._spec.seed)
        terminal.add_to_collected_count(
            self._config, len(self._table.traits) + self._table.deselected
        )
        terminal.add_deselected(self._config, self._table.deselected)

    def _limits(self) -> Limits:
        return Limits(
            grace_s=self._spec.grace_s,
            memory_bytes=self._spec.memory_bytes,
            ends_at=self._spec.ends_at,
        )

    def _new_loop(self, state: State) -> Loop:
        process.make_temporary_folder(self._config)
        if not self._spawns and (threads := processes.thread_count() - process.safe_threads()) > 1:
            self._spawns = True
            self._stream.add(
                Note(
                    at=time.time(),
                    code="spawn",
                    text=f"workers are spawned, not forked: the session already runs {threads} threads "
                    "(started by a conftest or a plugin)",
                )
            )
        return Loop(state, self)

    # The run.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run everything in workers; leave it to pytest where it would run nothing anyway."""
        if self._config.option.collectonly:
            return None
        if not self._is_deferring:
            self._work, self._table.traits = tabulate(session.items, self._barrier)
            self._ids = checksum(each.nodeid for each in self._table.traits.values())
            self._table.shuffle(self._spec.seed)
        self._share()
        self._tell_collected()
        is_broken = session.testsfailed and not self._config.option.continue_on_collection_errors
        try:
            if is_broken or not self._table.traits or self._worker_problem is not None:
                self._raise_worker_problem()
                return None
            if self._table.planned:
                self._run_all()
        finally:
            # What is here lives to the end, which is near: pytest's last collections, which look
            # for what tests left behind, would find nothing of theirs in this process.
            gc.freeze()
            gc.enable()
            if self._loop is not None:
                self._loop.close()
            self._relay.close(
                [*self._relay.skipped_modules, *(t.nodeid for t in self._table.traits.values())]
            )
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True

    def _run_all(self) -> None:
        agenda = self._table.agenda(self._lessons.get(), self._spec, has_homes=self._is_deferring)
        self._relay.is_brief = not self._spec.is_shown and terminal.only_pytest_listens(
            self._config
        )
        if self._loop is None:
            self._loop = self._new_loop(
                State(
                    workers=self._spec.workers,
                    limits=self._limits(),
                    agenda=agenda,
                    is_fresh_each_unit=self._spec.isolate is not Isolation.WORKER,
                )
            )
            self._loop.begin()
        else:
            self._loop.tell(Planned(agenda))
        self._loop.run_until(lambda state: state.is_over)
        ends_at = self._spec.ends_at
        if ends_at is not None and time.monotonic() >= ends_at and self._loop.state.is_stopping:
            from handrail.core.verdicts import out_of_budget

            self._stream.add(out_of_budget(time.time()))
        self._raise_worker_problem()

    def _raise_worker_problem(self) -> None:
        if self._worker_problem is not None:
            raise self._worker_problem

    def _share(self) -> None:
        """Leave the tests of other shards alone."""
        if self._spec.shard is None:
            return
        from handrail.pytest_plugin.sharding import Sharing

        traits = self._table.traits
        self._sharing = Sharing(
            self._spec,
            ((each.nodeid, each.bond) for each in traits.values()),
            self._relay.skipped_modules,
        )
        self._table.chosen = {n: each for n, each in traits.items() if each.nodeid in self._sharing}
        self._relay.skipped_modules[:] = self._sharing.kept(self._relay.skipped_modules)

    def _tell_collected(self) -> None:
        traits = self._table.planned.values()
        tests = (*(each.nodeid for each in traits), *self._relay.skipped_modules)
        workers = min(self._spec.workers, len(traits))
        usual = self._lessons.get().usual_of(tests)
        self._stream.add(
            Collected(
                at=time.time(),
                tests=tests,
                withheld=self._barrier.summary(),
                deselected=self._table.deselected + self._barrier.deselected,
                duration_s=time.monotonic() - self._began_at,
                strategy=self._strategy(),
                workers=workers,
                estimate_s=estimate_of(usual, workers),
                usual_s=usual,
                tier_of=self._barrier.places_of(
                    [*(each.tier for each in traits), *("" for _ in self._relay.skipped_modules)]
                ),
                shared_by=self._sharing.shared_by if self._sharing else "",
                whole=self._sharing.whole if self._sharing else {},
            )
        )
        self._relay.finish_skipped()

    def _strategy(self) -> str:
        name = "collect in workers" if self._is_deferring else "collect, then fork"
        return f"spawn, {name.replace('then fork', 'then spawn')}" if self._spawns else name

    # The host's side of the loop.

    def start(self, end: WorkerEnd) -> int:
        """Fork a worker, or spawn one where forking is not safe."""
        if self._spawns:
            from handrail.pytest_plugin.spawning import spawn

            return spawn(self._config, self._spec, end, is_deferred=self._is_deferring)
        assert self._loop is not None
        return fork_worker(
            self._session,
            end,
            self._work,
            self._barrier,
            count=self._spec.workers,
            run_id=self._spec.run_id,
            foreign=self._loop.foreign_descriptors(),
        )

    def received(  # noqa: C901 - one case for each kind of message
        self, worker: int, message: wire.Message
    ) -> None:
        """A worker reports something about a test, a module or itself."""
        match message[0]:
            case Tag.FINISHED:
                self._finished(worker, *message[2:])
            case Tell.REPORT:
                self._relay.reported(worker, self._table.traits[message[1]], *message[2:])
                self._stop_if_asked()
            case Tell.LATE:
                self._relay.reported_late(worker, self._table.traits[message[1]], *message[2:4])
            case Tag.COLLECTED:
                self._module_collected(worker, *message[1:])
            case Tell.COLLECT_REPORT:
                self._relay.collect_reported(*message[1:])
            case Tell.ATTRIBUTES:
                self._relay.attributed(self._table.traits[message[1]], message[2])
            case Tell.WARNING:
                self._relay.warned(*message[1:])
            case Tell.GREW:
                self._relay.grew(worker, message[1], self._spec.growth_bytes)
            case Tell.PROPERTIES:
                junit.add(self._config, properties=message[1])
            case Tell.SERVICES:
                closing: Any = self._config.pluginmanager.get_plugin("handrail-closing")
                closing.add_services(message[1])
            case Tell.UNLOGGED:
                recording: Any = self._config.pluginmanager.get_plugin("handrail-test-log")
                recording.lose(*message[1:])
            case Tell.LEFT:
                leaks: Any = self._config.pluginmanager.get_plugin("handrail-leaks")
                leaks.add(*message[1:])
            case Tell.IDS:
                self._compare(worker, message[1])
            case Tell.STOP:
                self._session.shouldstop = message[1]
                self._stop_if_asked()
            case _:
                self._worker_stops(worker, message)

    def _finished(self, worker: int, test: int, growth_bytes: int, times: Any) -> None:
        traits = self._table.traits[test]
        if self._relay.finished(
            worker, traits, growth_bytes, times, is_going_on=self._is_going_on()
        ):
            self._try_again(test)
        elif traits.retries:
            self._stop_if_asked()

    def _is_going_on(self) -> bool:
        return self._loop is not None and not self._loop.state.is_stopping

    def _try_again(self, test: int) -> None:
        assert self._loop is not None
        self._loop.tell(Again(self._table.again(test)))

    def _worker_stops(self, worker: int, message: wire.Message) -> None:
        assert self._loop is not None
        match message[0]:
            case Tell.EXIT:
                self._worker_problem = pytest.exit.Exception(message[1], message[2])
                self._stream.add(losses.asked_to_exit(message[1], time.time()))
            case Tell.INTERRUPT:
                if self._loop.state.is_stopping:
                    return  # we interrupted it ourselves
                name = self._table.traits[message[1]].nodeid
                self._stream.add(losses.interrupted_itself(name, time.time()))
                self._worker_problem = KeyboardInterrupt()
            case _:
                self._worker_problem = RuntimeError(f"in worker gw{worker}: {message[1]}")
        self._loop.tell(Stop(now_too=True))

    def _compare(self, worker: int, ids: int) -> None:
        """A spawned worker collects by itself: it must have found the same tests."""
        if ids != self._ids:
            text = "collected other tests than the controller, or in another order"
            self._worker_stops(worker, (Tell.INTERNAL, text))

    def _module_collected(
        self,
        worker: int,
        module: int,
        seconds: float,
        tests: list[Any],
        deselected: int,
        withheld: Any,
        warned: list[Any],
    ) -> None:
        if not self._table.add(worker, module, seconds, tests):
            return  # collected once more by another worker, to share its tests
        self._table.deselected += deselected
        self._barrier.add_withheld(withheld)
        for each in warned:
            self._relay.warned(*each)

    def _stop_if_asked(self) -> None:
        session = self._session
        if (
            (session.shouldfail or session.shouldstop)
            and self._loop
            and not self._loop.state.is_stopping
        ):
            self._loop.hand_back()

    # What did not end by itself.

    def lost(self, worker: int, test: int, loss: Loss, ending: Ending, *, is_late: bool) -> None:
        """Report a test whose worker was killed or died, as any failing test is reported."""
        if loss is Loss.INTERRUPTED:
            return  # as in plain pytest, it counts as not run
        traits = self._table.traits[test]
        problem = losses.problem_of_test(
            loss,
            ending,
            traits,
            root=self._config.rootpath,
            memory_bytes=self._spec.memory_bytes,
            is_late=is_late,
        )
        if is_late:
            self._relay.lost_late(worker, traits, problem, losses.sections_of(ending))
            return
        took_s = traits.limit_s if loss is Loss.TIMED_OUT else 0.0
        is_again = self._relay.lost(
            worker,
            traits,
            problem,
            losses.sections_of(ending),
            took_s,
            is_going_on=self._is_going_on(),
        )
        if is_again:
            self._try_again(test)
        self._stop_if_asked()

    def uncollected(self, module: int, loss: Loss, ending: Ending) -> None:
        """Report a module whose import killed its worker, or hung, as a collection error."""
        nodeid = self._groups[module][0].nodeid
        self._table.collect_s[module] = 0.0
        report = pytest.CollectReport(nodeid, "failed", "", [])
        problem = losses.problem_of_module(
            loss,
            ending,
            nodeid,
            limit_s=self._barrier.collect_limit_s,
            memory_bytes=self._spec.memory_bytes,
        )
        report.longrepr = problem.text
        self._relay.collected(report, problem)

    def gave_up(self, ending: Ending) -> None:
        """Say that workers cannot live here."""
        self._stream.add(losses.workers_die(ending, time.time()))

    def tick(self, running: Iterable[tuple[int, int, float]]) -> None:
        """Say now and then what is running, and let go of what is queued."""
        now = time.monotonic()
        if now - self._progress_at > PROGRESS_S:
            self._progress_at = now
            usual = self._lessons.get().usual_s if self._table.traits else {}
            self._stream.add(Progress(at=time.time(), running=self._table.running(running, usual)))
        self._stream.flush()
