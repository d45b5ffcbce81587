"""One process (``-n 0``): pytest runs the tests itself; Handrail records, and quickens."""

import contextlib
import gc
import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from handrail.core.ahead import estimate_of
from handrail.core.narrowing import later
from handrail.execution.limits import PREPARING_S
from handrail.model.events import Collected, CollectionFailed
from handrail.model.outcomes import Problem
from handrail.model.spec import RunSpec
from handrail.pytest_plugin import problems
from handrail.pytest_plugin.internals import process, reports, terminal
from handrail.pytest_plugin.lessons import Later
from handrail.pytest_plugin.recording import EventStream, Recorder, begin_line, is_plain_pass
from handrail.pytest_plugin.selection import Barrier, bond_of

if TYPE_CHECKING:
    from handrail.pytest_plugin.sharding import Sharing


class Single:
    """A pytest plugin. The limits are kept from outside, by the process that started this one."""

    def __init__(
        self,
        config: pytest.Config,
        spec: RunSpec,
        barrier: Barrier,
        stream: EventStream,
        lessons: Later,
    ) -> None:
        self._config = config
        self._spec = spec
        self._barrier = barrier
        self._stream = stream
        self._lessons = lessons
        self._recorder = Recorder(stream)
        self._began_at = time.monotonic()
        self._problems: list[Problem] = []
        """Of the reports that are still to come."""
        self._excused: dict[int, str] = {}
        """What pytest would have counted the failures as that do not count, by their reports."""
        self._retried_for = ""
        """Why the attempt is followed by another."""
        self.is_deaf = False
        """Whether what is reported was recorded already."""
        self._skipped: list[str] = []
        self._deselected = 0
        self._passes: list[pytest.TestReport] = []
        self._is_plain = True
        self._item: pytest.Item | None = None
        self._reporter: Any = None
        """Pytest's own, where it hears of a test only what is worth a line."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Collect without the garbage collector: nothing becomes garbage, and looking costs a quarter."""
        gc.disable()
        try:
            return (yield)
        finally:
            process.grow_old()
            gc.enable()

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell of modules that were skipped or broken."""
        if report.failed:
            problem = problems.from_report(report, self._config.rootpath)
            self._stream.add(CollectionFailed(at=time.time(), node=report.nodeid, problem=problem))
        elif report.skipped:
            self._skipped.append(report.nodeid)
            self._recorder.add(report.nodeid, report, "skipped", None, "")

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count; the barrier counts its own."""
        self._deselected += len(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Say what will run."""
        if self._config.option.collectonly:
            return
        sharing = self._share(session)
        if self._spec.later:
            pairs = [(item.nodeid, bond_of(item)) for item in session.items]
            after = later(pairs, self._spec.later)
            session.items.sort(key=lambda item: item.nodeid in after)
        tests = (*(item.nodeid for item in session.items), *self._skipped)
        usual = self._lessons.get().usual_of(tests)
        self._stream.add(
            Collected(
                at=time.time(),
                tests=tests,
                withheld=self._barrier.summary(),
                deselected=self._deselected + self._barrier.deselected,
                duration_s=time.monotonic() - self._began_at,
                strategy="one process",
                estimate_s=estimate_of(usual, 1),
                usual_s=usual,
                tier_of=self._barrier.places_of([self._barrier.tier_of(test) for test in tests]),
                shared_by=sharing.shared_by if sharing else "",
                whole=sharing.whole if sharing else {},
            )
        )
        for module in self._skipped:
            self._recorder.finish(module, "")
        self._stream.flush()
        if not self._spec.is_shown and terminal.only_pytest_listens(self._config):
            self._reporter = terminal.stand_in_for_reporter(self._config, self._tell_reporter)

    def _share(self, session: pytest.Session) -> "Sharing | None":
        """Leave the tests of other shards alone."""
        if self._spec.shard is None:
            return None
        from handrail.pytest_plugin.sharding import Sharing

        found = Sharing(
            self._spec,
            ((item.nodeid, bond_of(item)) for item in session.items),
            self._skipped,
        )
        session.items[:] = [item for item in session.items if item.nodeid in found]
        # Skipped as a whole: told of by the report of its collection already, if it is ours.
        self._skipped[:] = found.kept(self._skipped)
        return found

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Say what begins, so that whoever watches can end it; then what became of it."""
        nodeid = item.nodeid
        self._item = item
        self._say_running(self._barrier.limit_s(item))
        self._passes, self._is_plain, self._problems = [], True, []
        self._retried_for = ""
        result = yield
        if len(self._passes) == 3:
            times = [value for each in self._passes for value in (each.start, each.duration)]
            self._recorder.passed(nodeid, "", times, 0)
        else:
            for report in self._passes:
                self._record(report)
            self._recorder.finish(nodeid, "", retried_for=self._retried_for)
        if self._reporter is not None:
            for report in self._passes:
                if report.when == "call":
                    terminal.count_pass(self._config, report)
        return result

    def _say_running(self, limit_s: float) -> None:
        assert self._item is not None
        self._stream.add_line(begin_line(self._item.nodeid, limit_s))
        self._stream.flush()

    @contextlib.contextmanager
    def without_clock(self) -> Generator[None]:
        """What is done meanwhile is not the test's time; afterwards it has all of it again."""
        assert self._item is not None
        self._say_running(PREPARING_S)
        try:
            yield
        finally:
            self._say_running(self._barrier.limit_s(self._item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, Any, Any]:
        """Look at the exception while its frames are alive."""
        report = yield
        if report.outcome == "failed" and call.excinfo is not None:
            found = problems.from_exception(call.excinfo, report, item.config.rootpath)
            self._problems.append(found)
        if report.outcome == "failed" and self._barrier.is_excused(item.nodeid):
            hook = item.config.hook.pytest_report_teststatus
            self._excused[id(report)] = hook(report=report, config=item.config)[0]
            reports.excuse(report)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in each phase; three plain passes are told of at once."""
        if self.is_deaf:
            return
        if self._is_plain and is_plain_pass(report):
            self._passes.append(report)
            return
        self._is_plain = False
        for earlier in self._passes:
            self._record(earlier)
        self._passes = []
        self._record(report)

    def has_failed(self, found: Sequence[pytest.TestReport]) -> bool:
        """Whether one of these reports is of a failure, also of one that does not count."""
        return any(each.failed or id(each) in self._excused for each in found)

    def record_unreported(self, found: Sequence[pytest.TestReport], retried_for: str) -> None:
        """An attempt ended that no hook is told of, because another one follows."""
        self._is_plain = False
        self._retried_for = retried_for
        for each in found:
            self._record(each)

    def _tell_reporter(self, report: pytest.TestReport) -> None:
        """In place of pytest's reporter: tell it of a test only when it is more than a plain pass."""
        if self._is_plain and is_plain_pass(report):
            return
        for each in (*self._passes, report):
            self._reporter.pytest_runtest_logreport(report=each)

    def _record(self, report: pytest.TestReport) -> None:
        category = self._excused.pop(id(report), "")
        is_excused = bool(category)
        hook = self._config.hook.pytest_report_teststatus
        category = category or hook(report=report, config=self._config)[0]
        problem = None
        if report.outcome in {"failed", "rerun"} or is_excused:
            problem = self._problems.pop(0) if self._problems else None
            problem = problems.with_output(problem, report) or problems.from_report(
                report, self._config.rootpath
            )
        self._recorder.add(report.nodeid, report, category, problem, "")

    def pytest_sessionfinish(self) -> None:
        """Let go of what is queued."""
        self._stream.flush()
