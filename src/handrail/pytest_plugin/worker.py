"""A worker: collects the modules and runs the tests it is told to, and reports each as it ends."""

import contextlib
import faulthandler
import gc
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from handrail.execution import limits, wire
from handrail.execution.loop import Command, Tag, WorkerEnd
from handrail.execution.slots import Slots, Word
from handrail.frozen import dataclass
from handrail.model.outcomes import Problem
from handrail.pytest_plugin import problems
from handrail.pytest_plugin.internals import capture, collection, coverage, junit, process, reports
from handrail.pytest_plugin.recording import is_plain_pass
from handrail.pytest_plugin.selection import Barrier, Traits
from handrail.system import processes

MODULE_SHIFT = 20
"""A test's index is its module's, shifted, and its place in the module: no table need be shared."""
GARBAGE_COST_S = 0.03
"""What a full garbage collection is taken to cost before the first one was timed."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Tell:
    """First element of the messages that the plugin's controller understands."""

    REPORT = "report"
    """Test, serialised report, problem, category."""
    COLLECT_REPORT = "collect report"
    ATTRIBUTES = "attributes"
    """XML attributes that a test recorded."""
    WARNING = "warning"
    STOP = "stop"
    EXIT = "exit"
    INTERRUPT = "interrupt"
    INTERNAL = "internal"
    PROPERTIES = "properties"
    GREW = "grew"
    UNLOGGED = "unlogged"
    """How many lines of the log of tests could not be written, and why."""
    IDS = "ids"
    """Checksum of the node ids that a spawned worker collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker can be asked for: files to collect, or items collected before the fork."""

    files: tuple[tuple[Any, ...], ...] = ()
    """Collectors of each module, by module index."""
    items: tuple[pytest.Item, ...] = ()
    """All items, where they were collected before the fork."""
    indices: tuple[int, ...] = ()
    """Index of each of ``items``."""
    limits_s: tuple[float, ...] = ()
    """Limit of each of ``items``."""


def by_path(files: Iterable[Any]) -> tuple[tuple[Any, ...], ...]:
    """Collectors of the same file stay together (a module and its doctests are imported once)."""
    groups: dict[Path, list[Any]] = {}
    for node in files:
        groups.setdefault(node.path, []).append(node)
    return tuple(tuple(group) for group in groups.values())


def tabulate(items: Sequence[pytest.Item], barrier: Barrier) -> tuple[Work, dict[int, Traits]]:
    """The work and the table of tests from items that were collected in one process."""
    numbers: dict[str, int] = {}
    counts: dict[int, int] = {}
    traits: dict[int, Traits] = {}
    for item in items:
        found = barrier.traits(item)
        module = numbers.setdefault(found.nodeid.partition("::")[0], len(numbers))
        place = counts.get(module, 0)
        counts[module] = place + 1
        traits[(module << MODULE_SHIFT) | place] = found
    limits_s = tuple(each.limit_s for each in traits.values())
    return Work(items=tuple(items), indices=tuple(traits), limits_s=limits_s), traits


class Garbage:
    """Collects one generation and the younger ones, as long as that is cheap."""

    def __init__(self, generation: int, cost_s: float) -> None:
        self._generation = generation
        self._cost_s = cost_s
        self._last_at = time.monotonic()

    def collect(self, now: float) -> bool:
        """Collect, unless it would cost more than a hundredth of the time since the last time."""
        if now - self._last_at <= 100 * self._cost_s:
            return False
        gc.collect(self._generation)
        self._last_at = time.monotonic()
        self._cost_s = self._last_at - now
        return True


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
    """Serves one ``WorkerEnd`` until it is told to retire. A pytest plugin meanwhile."""

    def __init__(
        self, session: pytest.Session, end: WorkerEnd, work: Work, barrier: Barrier
    ) -> None:
        self._session = session
        self._config = session.config
        self._hook = session.config.hook
        self._end = end
        self._barrier = barrier
        self._files = work.files
        self._items: dict[int, pytest.Item] = dict(zip(work.indices, work.items, strict=True))
        self._limits_s: dict[int, float] = dict(zip(work.indices, work.limits_s, strict=True))
        self._has_all = bool(work.items)
        self._collected: set[int] = set()
        self._slots = Slots(end.slots)
        self._process = os.getpid()
        self._ahead: deque[wire.Message] = deque()
        self._module: int | None = None
        self._has_run = False
        self._test = -1
        self._deselected = 0
        self._problem: Problem | None = None
        self._reports: list[Any] = []
        self._is_plain = True
        self._calls = 0
        self._statm = _open_statm()
        self._memory = self._memory_bytes()
        self._memory_at_start = self._memory
        self._old_garbage = Garbage(2, GARBAGE_COST_S)
        self._young_garbage = Garbage(1, 0.0)
        self._flushed_at = time.monotonic()
        self._flush_cost_s = 0.0
        self._is_live = False
        self._warned: list[Any] | None = None
        """Warnings of the module being collected."""
        self._has_coverage = coverage.measures(session.config)

    # The conversation.

    def send(self, *message: Any, is_urgent: bool = False) -> None:
        """Tell the controller, which looks every few milliseconds, or at once if it is urgent.

        A process that a test forked is not a worker: it ends here.
        """
        if os.getpid() != self._process:
            os._exit(0)
        try:
            wire.send(self._end.reports, message)
            if is_urgent:
                os.write(self._end.bell, b"!")
        except BlockingIOError:
            pass  # the bell is ringing already
        except OSError:
            os._exit(1)  # nobody listens any more
        except Exception as error:  # noqa: BLE001 - an attachment that cannot be carried
            wire.send(self._end.reports, (Tell.INTERNAL, f"a report cannot be sent: {error!r}"))

    def go_live(self) -> None:
        """Registered: what the hooks bring from now on is this worker's own."""
        self._is_live = True

    def serve(self) -> None:
        """Do as told until told to retire."""
        self.send(Tag.IDLE, is_urgent=True)
        while True:
            command = self._ahead.popleft() if self._ahead else wire.receive(self._end.commands)
            if command is None:
                os._exit(1)
            match command[0]:
                case Command.RUN:
                    self._run_chunk(command[1:])
                case Command.COLLECT:
                    for module in command[1:]:
                        self._collect(module)
                    self.send(Tag.IDLE, is_urgent=True)
                case Command.RETIRE:
                    return
                case _:
                    self.send(Tag.IDLE, is_urgent=True)

    def ask_next(self) -> Any:
        """The item that follows, or its module if it is not collected yet, or None."""
        self.send(Tag.ASK, is_urgent=True)
        command = wire.receive(self._end.commands)
        if command is None:
            os._exit(1)
        if command[0] != Command.RUN:
            if command[0] != Command.NOTHING:
                self._ahead.append(command)
            return None
        self._ahead.append(command)
        first = command[1]
        return self._items.get(first) or self._files[first >> MODULE_SHIFT][0]

    # Collecting.

    def _collect(self, module: int) -> None:
        if module in self._collected:
            return
        self._collected.add(module)
        began = time.monotonic()
        self._slots.begin(self._end.slot, -1, began, self._barrier.collect_limit_s)
        self._warned = []
        with collection.warnings_of_collection(self._config):
            items = [item for node in self._files[module] for item in self._session.genitems(node)]
        warned, self._warned = self._warned, None
        self._slots.end(self._end.slot)
        self._deselected = 0
        self._barrier.forget()
        self._session.items = items
        self._hook.pytest_collection_modifyitems(
            session=self._session, config=self._config, items=items
        )
        traits = [self._barrier.traits(item) for item in items]
        for place, item in enumerate(items):
            index = (module << MODULE_SHIFT) | place
            self._items[index] = item
            self._limits_s[index] = traits[place].limit_s
        self.send(
            Tag.COLLECTED,
            module,
            time.monotonic() - began,
            [each.pack() for each in traits],
            self._deselected,
            self._barrier.withheld(),
            warned,
        )

    def _import_the_rest(self) -> None:
        """Import the modules that other workers have collected, as plain pytest would have by now.

        A test may depend on what another test module imports or registers.
        """
        if self._config.option.continue_on_collection_errors:
            return  # a module that ends the process that imports it would end every worker
        began = time.monotonic()
        self._slots.begin(self._end.slot, -1, began, self._barrier.collect_limit_s)
        self._warned = []  # who collected them has told
        with collection.warnings_of_collection(self._config), capture.without_output(self._config):
            for module, nodes in enumerate(self._files):
                if module not in self._collected:
                    collection.import_modules(nodes)
        self._warned = None
        self._slots.end(self._end.slot)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count what ``-k``, ``-m`` and plugins leave out; the barrier counts its own."""
        self._deselected += len(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Pass on modules that were skipped or could not be collected."""
        if report.outcome != "passed":
            data = reports.pack(self._config, report)
            self.send(
                Tell.COLLECT_REPORT, data, problems.from_report(report, self._config.rootpath)
            )

    # Running.

    def _run_chunk(self, tests: Sequence[int]) -> None:
        for test in tests:
            if not self._has_all:
                self._collect(test >> MODULE_SHIFT)
        if not self._has_run and not self._has_all:
            self._import_the_rest()
        if not gc.isenabled() and not self._has_run:
            process.grow_old()
            gc.enable()
        self._has_run = True
        for place, test in enumerate(tests):
            word = self._slots.told(self._end.slot)
            if word == Word.END:
                os._exit(1)
            if word == Word.HAND_BACK or self._session.shouldstop or self._session.shouldfail:
                self.send(Tag.RETURNED, is_urgent=True)
                break
            self._enter_module(test >> MODULE_SHIFT)
            following = self._items[tests[place + 1]] if place + 1 < len(tests) else LazyNext(self)
            self._run(test, following)
        if not self._ahead:
            self.send(Tag.IDLE, is_urgent=True)

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
        began = time.monotonic()
        self._slots.begin(self._end.slot, test, began, self._limits_s[test])
        try:
            self._hook.pytest_runtest_protocol(item=item, nextitem=following)
        except pytest.exit.Exception as error:
            self.send(Tell.EXIT, error.msg, error.returncode, is_urgent=True)
        except KeyboardInterrupt:
            self.send(Tell.INTERRUPT, test, is_urgent=True)
            raise
        except BaseException as error:  # noqa: BLE001 - pytest calls it an internal error
            import traceback

            self.send(Tell.INTERNAL, "".join(traceback.format_exception(error)))
        self._tell_finished(test, time.monotonic() - began)
        self._slots.end(self._end.slot)
        if self._has_coverage and time.monotonic() - self._flushed_at > 20 * self._flush_cost_s:
            self._flush_coverage()
        if self._session.shouldstop:
            self.send(Tell.STOP, str(self._session.shouldstop))

    def _flush_coverage(self) -> None:
        """Keep what was measured, so that a test that ends this process does not take it along.

        After each module, and meanwhile as often as costs a twentieth of the time.
        """
        now = time.monotonic()
        coverage.flush(self._config)
        self._flushed_at = time.monotonic()
        self._flush_cost_s = self._flushed_at - now

    def _tell_finished(self, test: int, seconds: float) -> None:
        memory = self._memory_bytes()
        growth, self._memory = memory - self._memory, memory
        times = None
        if self._is_plain and len(self._reports) == 3:
            times = [value for each in self._reports for value in (each.start, each.duration)]
        else:
            self._send_reports()
        self._send_attributes()
        self.send(Tag.FINISHED, seconds, test, growth, times)

    def _send_attributes(self) -> None:
        """Before the report that ends the test's JUnit case."""
        attributes = junit.take_attributes(self._config)
        if attributes:
            self.send(Tell.ATTRIBUTES, self._test, attributes)

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

    def _send_reports(self) -> None:
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
            self.send(
                Tell.REPORT, self._test, data, problem, category, is_urgent=problem is not None
            )
        self._reports = []

    def pytest_warning_recorded(
        self,
        warning_message: Any,
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        """Pass warnings on; a category that cannot be carried is sent by its name."""
        if not self._is_live:
            return  # registering repeats those of the controller
        text, category = str(warning_message.message), type(warning_message.message)
        place = (warning_message.filename, warning_message.lineno)
        told = (text, category.__module__, category.__qualname__, place, when, nodeid, location)
        if self._warned is not None:
            self._warned.append(told)
            return
        with contextlib.suppress(Exception):
            self.send(Tell.WARNING, *told)

    # The end.

    def finish(self) -> None:
        """Tear down what is set up, and leave what others need."""
        with contextlib.suppress(BaseException):
            process.end_session(self._session)
        coverage.save(self._config)
        properties = junit.take_properties(self._config)
        if properties:
            self.send(Tell.PROPERTIES, properties)
        recording = self._config.pluginmanager.get_plugin("handrail-test-log")
        if recording is not None and recording.lost()[0]:
            self.send(Tell.UNLOGGED, *recording.lost())
        self.send(Tell.GREW, self._memory_bytes() - self._memory_at_start)

    def _memory_bytes(self) -> int:
        if self._statm is None:
            return 0
        return int(os.pread(self._statm, 64, 0).split()[1]) * _PAGE


def _open_statm() -> int | None:
    try:
        return os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None


def serve_forked(
    session: pytest.Session,
    end: WorkerEnd,
    work: Work,
    barrier: Barrier,
    *,
    count: int,
    run_id: str,
    foreign: Sequence[int],
) -> None:
    """Become a worker in a process just forked from the controller. Never returns."""
    status = 1
    try:
        os.setpgid(0, 0)
        processes.die_with_parent()
        for descriptor in foreign:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        process.detach_finalizers()
        process.become_worker(session.config, f"gw{end.number}", count, run_id)
        junit.detach(session.config)
        for name in ("handrail-run", "handrail-closing", "lfplugin", "nfplugin"):
            session.config.pluginmanager.unregister(name=name)
        status = _serve(session, end, work, barrier)
    except BaseException:  # noqa: BLE001 - the top of a process
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def serve_spawned(
    session: pytest.Session,
    end: WorkerEnd,
    work: Work,
    barrier: Barrier,
    *,
    ids: int | None = None,
) -> None:
    """Serve in a process started for this. Never returns. ``ids``: checksum of what it collected."""
    status = 1
    try:
        process.own_temporary_folder(session.config, f"gw{end.number}")
        session.config.pluginmanager.unregister(name="handrail-run")
        status = _serve(session, end, work, barrier, ids=ids)
    except BaseException:  # noqa: BLE001 - the top of a process
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _serve(
    session: pytest.Session,
    end: WorkerEnd,
    work: Work,
    barrier: Barrier,
    *,
    ids: int | None = None,
) -> int:
    worker = Worker(session, end, work, barrier)
    if hasattr(faulthandler, "register"):
        faulthandler.register(limits.STACKS_SIGNAL, file=end.stacks, all_threads=True, chain=False)
    if faulthandler.is_enabled():
        faulthandler.enable(file=end.stacks)
    worker.send(Tag.HELLO, capture.restart(session.config))
    session.config.pluginmanager.register(worker, "handrail-worker")
    worker.go_live()
    if ids is not None:
        worker.send(Tell.IDS, ids)
    with contextlib.suppress(KeyboardInterrupt):
        worker.serve()
    worker.finish()
    process.run_exit_functions()
    return 0
