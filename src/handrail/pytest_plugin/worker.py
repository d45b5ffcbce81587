"""A worker: runs the tests that it is told to, and reports each as it ends."""

import contextlib
import gc
import os
import time
from collections import deque
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from handrail.execution import wire
from handrail.execution.limits import PREPARING_S
from handrail.execution.slots import Word
from handrail.execution.worker_end import Command, Tag
from handrail.model.outcomes import Problem
from handrail.pytest_plugin import problems
from handrail.pytest_plugin.internals import coverage, junit, process, reports
from handrail.pytest_plugin.line import Line, Tell
from handrail.pytest_plugin.modules import Modules
from handrail.pytest_plugin.recording import is_plain_pass
from handrail.pytest_plugin.work import MODULE_SHIFT
from handrail.pytest_plugin.worker_memory import GARBAGE_COST_S, Garbage, OwnMemory


class LazyNext:
    """The item after the last one of a chunk, asked for only when something looks at it.

    pytest passes the next item to a test's teardown, to know which fixtures stay. Deciding it any
    earlier would hold back a test that another worker could begin meanwhile.
    """

    def __init__(self, worker: "Worker") -> None:
        self.__dict__["_worker"] = worker
        self.__dict__["_found"] = self

    def _resolve(self) -> Any:
        if self.__dict__["_found"] is self:
            self.__dict__["_found"] = self.__dict__["_worker"].ask_next()
        return self.__dict__["_found"]

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._resolve())

    def __bool__(self) -> bool:
        return self._resolve() is not None

    def __eq__(self, other: object) -> bool:
        return bool(self._resolve() == other)

    def __hash__(self) -> int:
        return hash(self._resolve())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolve(), name)


class Worker:
    """Serves one ``Line`` until it is told to retire. A pytest plugin meanwhile."""

    def __init__(self, session: pytest.Session, modules: Modules, line: Line) -> None:
        self._session = session
        self._config = session.config
        self._hook = session.config.hook
        self._modules = modules
        self._items, self._limits_s = modules.items, modules.limits_s
        self._line = line
        self._send = line.send
        self._slots, self._slot = line.slots, line.slot
        self._ahead: deque[wire.Message] = deque()
        self._module: int | None = None
        self._has_run = False
        self._test = -1
        self._began = 0.0
        self._problem: Problem | None = None
        self._reports: list[Any] = []
        self._is_plain = True
        self._calls = 0
        self._again: set[int] = set()
        """Tests that are run for the second time, or will be."""
        self._memory = OwnMemory()
        self._old_garbage = Garbage(2, GARBAGE_COST_S)
        self._young_garbage = Garbage(1, 0.0)
        self._flushed_at = time.monotonic()
        self._flush_cost_s = 0.0
        self._has_coverage = coverage.measures(session.config)

    def serve(self) -> None:
        """Do as told until told to retire."""
        self._send(Tag.IDLE, is_urgent=True)
        while True:
            command = self._ahead.popleft() if self._ahead else self._line.receive()
            match command[0]:
                case Command.RUN:
                    self._run_chunk(command[1:])
                case Command.COLLECT:
                    for module in command[1:]:
                        self._modules.collect(module)
                    self._send(Tag.IDLE, is_urgent=True)
                case Command.RETIRE:
                    self._end_session()
                    return
                case _:
                    self._send(Tag.IDLE, is_urgent=True)

    def ask_next(self) -> Any:
        """The item that follows, or its module if it is not collected yet, or None.

        The session, if nothing follows for now: pytest tears down all but what lives as long as it.
        """
        self._send(Tag.ASK, is_urgent=True)
        command = self._line.receive()
        match command[0]:
            case Command.NOTHING_MORE:
                return None
            case Command.NOTHING_YET:
                return self._session
        self._ahead.append(command)
        return self._modules.item_or_module(command[1]) if command[0] == Command.RUN else None

    # Running.

    def _run_chunk(self, tests: Sequence[int]) -> None:
        if not self._modules.has_all:
            for test in tests:
                self._modules.collect(test >> MODULE_SHIFT)
            if not self._has_run:
                self._modules.import_the_rest()
        if not gc.isenabled() and not self._has_run:
            process.grow_old()
            gc.enable()
        self._has_run = True
        for place, test in enumerate(tests):
            word = self._slots.told(self._slot)
            if word == Word.END:
                os._exit(1)
            if word == Word.HAND_BACK or self._session.shouldstop or self._session.shouldfail:
                self._send(Tag.RETURNED, is_urgent=True)
                break
            self._enter_module(test >> MODULE_SHIFT)
            following = self._items[tests[place + 1]] if place + 1 < len(tests) else LazyNext(self)
            self._run(test, following)
        if not self._ahead:
            self._send(Tag.IDLE, is_urgent=True)

    def _enter_module(self, module: int) -> None:
        """Between modules: collect garbage, so that none shows up in somebody else's test.

        A full collection walks everything the worker ever collected, a young one what is new. Each
        is done when it costs less than a hundredth of the time since the last one.
        """
        if module == self._module:
            return
        if self._module is not None and gc.isenabled():
            for garbage in (self._old_garbage, self._young_garbage):
                if garbage.collect(time.monotonic()):
                    break
        if self._has_coverage and self._module is not None:
            self._flush_coverage()
        self._module = module

    def _run(self, test: int, following: Any) -> None:
        item = self._items[test]
        self._reports, self._is_plain, self._calls = [], True, 0
        self._test = test
        if test in self._again:
            process.renew(item)
        began = self._began = time.monotonic()
        self._slots.begin(self._slot, test, began, self._limits_s[test])
        try:
            self._hook.pytest_runtest_protocol(item=item, nextitem=following)
        except pytest.exit.Exception as error:
            self._send(Tell.EXIT, error.msg, error.returncode, is_urgent=True)
        except KeyboardInterrupt:
            self._send(Tell.INTERRUPT, test, is_urgent=True)
            raise
        except BaseException as error:  # noqa: BLE001 - pytest calls it an internal error
            import traceback

            self._send(Tell.INTERNAL, "".join(traceback.format_exception(error)))
        self._tell_finished(test, time.monotonic() - began)
        self._slots.end(self._slot)
        if self._has_coverage and time.monotonic() - self._flushed_at > 20 * self._flush_cost_s:
            self._flush_coverage()
        if self._session.shouldstop:
            self._send(Tell.STOP, str(self._session.shouldstop))

    @contextlib.contextmanager
    def without_clock(self) -> Generator[None]:
        """What is done meanwhile is not the test's time: a server is started for it, say."""
        entered = time.monotonic()
        self._slots.begin(self._slot, self._test, entered, PREPARING_S)
        try:
            yield
        finally:
            self._began += time.monotonic() - entered
            self._slots.begin(self._slot, self._test, self._began, self._limits_s[self._test])

    def _flush_coverage(self) -> None:
        """Keep what was measured, so that a test that ends this process does not take it along.

        After each module, and meanwhile as often as costs a twentieth of the time.
        """
        now = time.monotonic()
        coverage.flush(self._config)
        self._flushed_at = time.monotonic()
        self._flush_cost_s = self._flushed_at - now

    def _tell_finished(self, test: int, seconds: float) -> None:
        growth, times = self._memory.growth(), None
        if self._is_plain and len(self._reports) == 3:
            times = [value for each in self._reports for value in (each.start, each.duration)]
        else:
            self._send_reports()
        self._send_attributes()
        if times is None:
            self._again.add(test)
        self._send(Tag.FINISHED, seconds, test, growth, times)

    def _send_attributes(self) -> None:
        """Before the report that ends the test's JUnit case."""
        attributes = junit.take_attributes(self._config)
        if attributes:
            self._send(Tell.ATTRIBUTES, self._test, attributes)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, Any, Any]:
        """Look at the exception while its frames are alive."""
        report = yield
        if report.outcome == "failed" and call.excinfo is not None:
            self._problem = problems.from_exception(call.excinfo, report, item.config.rootpath)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep plain passes for one small frame; send anything else at once, before it can be lost."""
        self._reports.append(report)
        if report.when == "call":
            self._calls += 1
        if self._is_plain and (self._calls > 1 or not is_plain_pass(report)):
            self._is_plain = False
        if not self._is_plain:
            self._send_reports()

    def _end_session(self) -> None:
        """Tear down what was left standing for tests that did not come.

        As in plain pytest, it is the last test that fails with it, and its limit that holds.
        """
        if self._test < 0 or not process.is_set_up(self._session):
            return
        self._reports, self._is_plain = [], False
        limit_s = self._limits_s[self._test]
        self._slots.begin(self._slot, self._test, time.monotonic(), limit_s)
        report = process.end_session(self._items[self._test])
        if report is not None and report.failed:
            self._reports = [report]
            self._send_reports(Tell.LATE)
        self._slots.end(self._slot)

    def _send_reports(self, tell: str = Tell.REPORT) -> None:
        for report in self._reports:
            self._send_attributes()
            data = reports.pack(self._config, report)
            # pytest decides here, and only here, that a test with failed subtests has failed.
            category = self._hook.pytest_report_teststatus(report=report, config=self._config)[0]
            problem = None
            if report.outcome in {"failed", "rerun"}:
                problem, self._problem = self._problem, None
                problem = problems.with_output(problem, report) or problems.from_report(
                    report, self._config.rootpath
                )
            self._send(tell, self._test, data, problem, category, is_urgent=problem is not None)
        self._reports = []

    # The end.

    def finish(self) -> None:
        """Tear down what an interrupted test left set up, and leave what others need."""
        with contextlib.suppress(BaseException):
            process.tear_down(self._session)
        coverage.save(self._config)
        properties = junit.take_properties(self._config)
        if properties:
            self._send(Tell.PROPERTIES, properties)
        providing: Any = self._config.pluginmanager.get_plugin("handrail-services")
        if providing is not None and providing.fleet.used:
            self._send(Tell.SERVICES, {name: [*e] for name, e in providing.fleet.used.items()})
        recording = self._config.pluginmanager.get_plugin("handrail-test-log")
        if recording is not None and recording.lost()[0]:
            self._send(Tell.UNLOGGED, *recording.lost())
        profiling = self._config.pluginmanager.get_plugin("handrail-profile")
        if profiling is not None:
            profiling.finish()
        self._send(Tell.GREW, self._memory.growth_in_all())
