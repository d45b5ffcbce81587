"""A session that tries orders of tests, each in a fork of its own: what ``execution.trying`` talks to."""

import contextlib
import gc
import inspect
import os
import select
import selectors
import signal
import sys
import time
import warnings
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from handrail.execution import limits, wire
from handrail.execution.faking import mend_sleep
from handrail.execution.process_state import Looker
from handrail.execution.worker_process import Ending
from handrail.frozen import dataclass, field
from handrail.model.leftovers import Leftover
from handrail.model.outcomes import Outcome, Problem
from handrail.model.spec import RunSpec
from handrail.model.trials import Found, Trial, Tried
from handrail.model.units import format_duration
from handrail.pytest_plugin import problems
from handrail.pytest_plugin.internals import capture, process
from handrail.pytest_plugin.preparing import disarm_xdist, make_barrier, register_markers
from handrail.pytest_plugin.recording import is_plain_pass, worst
from handrail.pytest_plugin.selection import Barrier
from handrail.system import processes

_READ_BYTES = 1 << 16
_LOOK_S = 0.5
_PAUSE_S = 0.01


def join_as_server(config: pytest.Config, spec: RunSpec, source: int, sink: int) -> None:
    """Become a session that collects, and then tries what it is asked to. Raises: UserError."""
    processes.die_with_parent()
    mend_sleep(os.environ)
    for descriptor in (source, sink):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only
    disarm_xdist(config)
    config.option.xmlpath = None  # a report of the last run must not be overwritten
    register_markers(config, spec.settings)
    barrier = make_barrier(config, spec)
    config.pluginmanager.register(barrier, "handrail-barrier")
    config.pluginmanager.register(Server(config, barrier, source, sink), "handrail-run")


@dataclass(slots=True)
class _Attempt:
    """A trial under way."""

    trial: Trial
    pid: int
    pidfd: int
    reports: int
    incoming: wire.Incoming = field(default_factory=wire.Incoming)
    current: int = -1
    """Place of the test that runs; -1: none."""
    ends_at: float | None = None
    outcomes: list[tuple[str, Outcome, float]] = field(default_factory=list)
    problem: Problem | None = None
    left: list[tuple[str, tuple[Leftover, ...]]] = field(default_factory=list)
    ending: str = ""


class Server:
    """A pytest plugin. It runs no test itself, so that a fork of it is always clean."""

    def __init__(self, config: pytest.Config, barrier: Barrier, source: int, sink: int) -> None:
        self._config = config
        self._barrier = barrier
        self._source = source
        self._sink = sink
        self._broken: list[str] = []
        self._items: dict[str, pytest.Item] = {}
        self._attempts: dict[int, _Attempt] = {}
        self._selector = selectors.DefaultSelector()
        self._is_warm = False

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected."""
        if report.failed:
            self._broken.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try what is asked for, until nobody asks any more."""
        self._session = session
        self._items = {item.nodeid: item for item in session.items}
        process.make_temporary_folder(self._config)
        gc.collect()
        found = Found(
            tests=tuple(self._items), broken=tuple(self._broken), shuffler=_shuffler(self._config)
        )
        wire.send(self._sink, (found,))
        self._selector.register(self._source, selectors.EVENT_READ)
        processes.adopt_orphans()
        try:
            while self._serve_once():
                pass
        finally:
            for attempt in list(self._attempts.values()):
                self._end(attempt, "")
            self._selector.close()
            gc.freeze()
        session.testsfailed = 0
        return True

    def _serve_once(self) -> bool:
        for key, _ in self._selector.select(self._patience_s()):
            if key.fd == self._source:
                message = wire.receive(self._source)
                if message is None:
                    return False
                self._begin(message[0])
                if not self._is_warm:
                    self._is_warm = True
                    warm_up()
            elif key.data in self._attempts:
                self._hear(self._attempts[key.data])
        self._let_gather()
        now = time.monotonic()
        for attempt in list(self._attempts.values()):
            if attempt.ends_at is not None and now > attempt.ends_at:
                limit_s = self._limit_s(attempt.trial, attempt.trial.tests[attempt.current])
                self._end(attempt, f"took longer than {format_duration(limit_s)}")
        return True

    def _let_gather(self) -> None:
        """Let reports gather until a trial ends: waking up for each costs the tests their time."""
        ends = [each.pidfd for each in self._attempts.values() if each.pidfd >= 0]
        if ends:
            select.select([*ends, self._source], [], [], _PAUSE_S)

    def _patience_s(self) -> float:
        ends = [each.ends_at for each in self._attempts.values() if each.ends_at is not None]
        return min([_LOOK_S, *(max(0.0, each - time.monotonic()) for each in ends)])

    def _begin(self, trial: Trial) -> None:
        reports, sink = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, in Python 3.12
            pid = os.fork()
        if pid == 0:
            os.close(reports)
            self._become(trial, sink)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        os.close(sink)
        os.set_blocking(reports, False)
        attempt = _Attempt(trial, pid, processes.pidfd(pid), reports)
        self._attempts[trial.number] = attempt
        for descriptor in (attempt.reports, attempt.pidfd):
            if descriptor >= 0:
                self._selector.register(descriptor, selectors.EVENT_READ, trial.number)

    def _hear(self, attempt: _Attempt) -> None:
        """Take in what a trial says; at its end, tell what became of it."""
        # Looked at first: whatever it said before its end is there to be read then.
        has_ended = attempt.pidfd >= 0 and _has_ended(attempt.pid)
        while True:
            try:
                chunk = os.read(attempt.reports, _READ_BYTES)
            except BlockingIOError:
                break
            if not chunk:
                self._end(attempt, "")
                return
            for message in attempt.incoming.feed(chunk):
                self._take_in(attempt, message)
        if has_ended:
            self._end(attempt, "")

    def _take_in(self, attempt: _Attempt, message: wire.Message) -> None:
        match message:
            case ("begin", place):
                self._note_begin(attempt, place)
            case ("next", place, outcome, seconds, problem):  # the end of one, and the next begins
                self._take_in(attempt, ("end", outcome, seconds, problem))
                self._note_begin(attempt, place)
            case ("left", leftovers):
                attempt.left.append((attempt.trial.tests[attempt.current], leftovers))
            case ("end", outcome, seconds, problem):
                name = attempt.trial.tests[attempt.current]
                attempt.outcomes.append((name, Outcome(outcome), seconds))
                attempt.problem = problem or attempt.problem
                attempt.current, attempt.ends_at = -1, None

    def _note_begin(self, attempt: _Attempt, place: int) -> None:
        attempt.current = place
        limit_s = self._limit_s(attempt.trial, attempt.trial.tests[place])
        attempt.ends_at = time.monotonic() + limit_s if limit_s else None

    def _limit_s(self, trial: Trial, test: str) -> float:
        if trial.limit_s is not None:
            return trial.limit_s
        return self._barrier.limit_s(self._items[test])

    def _end(self, attempt: _Attempt, why: str) -> None:
        del self._attempts[attempt.trial.number]
        mark = f"PYTEST_XDIST_WORKER=gw{attempt.trial.number}".encode()
        others = [each.pid for each in self._attempts.values()]
        is_alone = _has_ended(attempt.pid) and processes.below(os.getpid()) == {
            attempt.pid,
            *others,
        }
        with contextlib.suppress(OSError):
            inode = os.fstat(attempt.reports).st_ino
            if not is_alone:  # looking for what it has left takes longer than most trials
                limits.kill_tree(attempt.pid, mark, inode, started=others)
        status = 0
        with contextlib.suppress(ChildProcessError):
            status = os.waitstatus_to_exitcode(os.waitpid(attempt.pid, 0)[1])
        for descriptor in (attempt.reports, attempt.pidfd):
            if descriptor >= 0:
                self._selector.unregister(descriptor)
                os.close(descriptor)
        ended_by = attempt.trial.tests[attempt.current] if attempt.current >= 0 else ""
        tried = Tried(
            number=attempt.trial.number,
            outcomes=tuple(attempt.outcomes),
            ended_by=ended_by,
            ending=(why or Ending(status=status).text) if ended_by else "",
            problem=attempt.problem,
            left=tuple(attempt.left),
        )
        with contextlib.suppress(BrokenPipeError):
            wire.send(self._sink, (tried,))

    # In the fork.

    def _become(self, trial: Trial, sink: int) -> None:
        """Run the trial in this process, which was just forked. Never returns."""
        try:
            os.setpgid(0, 0)
            processes.die_with_parent()
            for each in self._attempts.values():
                for descriptor in (each.reports, each.pidfd):
                    with contextlib.suppress(OSError):
                        os.close(descriptor)
            for descriptor in (self._source, self._sink, self._selector.fileno()):
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._run(trial, sink)
        except BaseException:  # noqa: BLE001 - the top of a process
            import traceback

            traceback.print_exc()
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(1)

    def _run(self, trial: Trial, sink: int) -> None:
        process.detach_finalizers()
        process.become_worker(self._config, f"gw{trial.number}", 1, f"trial{os.getppid()}")
        plugins = self._config.pluginmanager
        for name in ("handrail-run", "lfplugin", "nfplugin"):
            plugins.unregister(name=name)
        capture.restart(self._config)
        listener = Listener(self._config)
        plugins.register(listener, "handrail-trial")
        process.grow_old()
        gc.enable()
        items = [self._items[name] for name in trial.tests]
        if trial.burners or trial.slow_io_s:
            from handrail.execution.pressure import burn, slow_down

            burn(trial.burners)
            slow_down(trial.slow_io_s, seed=trial.number)
        looker = Looker(str(self._config.rootpath), is_thorough=True) if trial.is_watched else None
        before = looker.look() if looker is not None else {}
        wire.send(sink, ("begin", 0))
        for place, item in enumerate(items):
            began = time.monotonic()
            following = items[place + 1] if place + 1 < len(items) else None
            self._config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            outcome, problem = listener.take()
            if looker is not None and following is not None:
                after = looker.look()
                wire.send(sink, ("left", looker.left_between(before, after)))
                before = after
            end = (str(outcome), time.monotonic() - began, problem)
            wire.send(sink, ("end", *end) if following is None else ("next", place + 1, *end))
        with contextlib.suppress(BaseException):
            process.tear_down(self._session)
        process.run_exit_functions()
        os._exit(0)


class Listener:
    """A pytest plugin: what became of the test that has just ended."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._counts: dict[str, int] = {}
        self._problem: Problem | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, Any, Any]:
        """Look at the exception while its frames are alive."""
        report = yield
        if report.outcome == "failed" and call.excinfo is not None and self._problem is None:
            self._problem = problems.from_exception(call.excinfo, report, item.config.rootpath)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count as pytest counts."""
        if is_plain_pass(report):
            if report.when == "call":
                self._counts["passed"] = self._counts.get("passed", 0) + 1
            return
        category = self._config.hook.pytest_report_teststatus(report=report, config=self._config)[0]
        if category:
            self._counts[category] = self._counts.get(category, 0) + 1
        if report.outcome == "failed" and self._problem is None:
            self._problem = problems.from_report(report, self._config.rootpath)

    def take(self) -> tuple[Outcome, Problem | None]:
        """Its outcome and first problem; then begin anew."""
        outcome, problem = worst(self._counts), self._problem
        self._counts, self._problem = {}, None
        return outcome, problem


def warm_up() -> None:
    """Find out once what every trial that fails would find out: which module each file belongs to."""
    with contextlib.suppress(Exception):  # of a module that does not like to be asked
        inspect.getmodule(warm_up.__code__)


def _has_ended(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return True


def _shuffler(config: pytest.Config) -> str:
    names: Sequence[str] = ("randomly", "random_order")
    return next((name for name in names if config.pluginmanager.hasplugin(name)), "")
