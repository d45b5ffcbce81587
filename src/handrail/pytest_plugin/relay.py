"""From what workers report to what plain pytest would have said: the same hooks, then the events."""

import contextlib
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from handrail.model.events import CollectionFailed, RunProblem
from handrail.model.outcomes import Problem, Verdict
from handrail.model.units import format_size
from handrail.pytest_plugin import problems
from handrail.pytest_plugin.internals import junit, reports, terminal
from handrail.pytest_plugin.recording import EventStream, Recorder
from handrail.pytest_plugin.selection import Traits

FLUSH_LINES = 64


class Relay:
    """Passes reports of workers to the hooks of this process, and records them."""

    def __init__(self, config: pytest.Config, stream: EventStream) -> None:
        self.is_brief = False
        """Whether plain passes are only counted, because nobody would look at their reports."""
        self.skipped_modules: list[str] = []
        self._config = config
        self._hook = config.hook
        self._stream = stream
        self._recorder = Recorder(stream)
        self._started: set[str] = set()
        self._junit = junit.JunitOrder(config)

    # Collection.

    def collect_reported(self, data: dict[str, Any], problem: Problem) -> None:
        """A worker skipped a module, or could not collect it."""
        report = reports.unpack(self._config, data)
        if report.nodeid not in self._started:  # two workers may have collected it
            self.collected(report, problem)

    def collected(self, report: Any, problem: Problem) -> None:
        """Let the hooks see a collect report; tell of it."""
        self.tell_collected(report, problem)
        self._hook.pytest_collectreport(report=report)
        self._junit.note(report.nodeid)

    def tell_collected(self, report: Any, problem: Problem | None = None) -> None:
        """Tell, once, of a module that was skipped or could not be collected."""
        if report.nodeid in self._started:
            return
        self._started.add(report.nodeid)
        if report.skipped:
            self.skipped_modules.append(report.nodeid)
            self._recorder.add(report.nodeid, report, "skipped", None, "")
        elif report.failed:
            problem = problem or problems.from_report(report, self._config.rootpath)
            self._stream.add(CollectionFailed(at=time.time(), node=report.nodeid, problem=problem))

    def finish_skipped(self) -> None:
        """Tell of modules that were skipped as a whole as of skipped tests: pytest counts them so."""
        for module in self.skipped_modules:
            self._recorder.finish(module, "")
        self._stream.flush()

    # Tests.

    def reported(
        self,
        worker: int,
        traits: Traits,
        data: dict[str, Any],
        problem: Problem | None,
        category: str,
    ) -> None:
        """A phase of a test ended, not with a plain pass."""
        self._start(traits)
        report = reports.unpack(self._config, data)
        self._hook.pytest_runtest_logreport(report=report)
        self._junit.note(traits.nodeid)
        self._recorder.add(traits.nodeid, report, category, problem, f"gw{worker}")

    def attributed(self, traits: Traits, attributes: dict[str, str]) -> None:
        """A test recorded XML attributes."""
        junit.add(self._config, nodeid=traits.nodeid, attributes=attributes)
        self._junit.note(traits.nodeid)

    def close(self, nodeids: Iterable[str]) -> None:
        """No more will come. ``nodeids``: of all tests, in collection order."""
        self._junit.sort(nodeids)
        self._stream.flush()

    def finished(
        self,
        worker: int,
        traits: Traits,
        growth_bytes: int,
        times: list[float] | None,
    ) -> None:
        """A test ended. ``times``: of a plain pass, start and duration of each phase."""
        if times is None:
            self._recorder.finish(traits.nodeid, f"gw{worker}", growth_bytes=growth_bytes)
        else:
            self._recorder.passed(traits.nodeid, f"gw{worker}", times, growth_bytes)
            if self.is_brief:
                terminal.count_pass(self._config, _pass_report(traits, "call", *times[2:4]))
                return
            self._start(traits)
            for when, start, duration in zip(
                ("setup", "call", "teardown"), times[::2], times[1::2], strict=True
            ):
                report = _pass_report(traits, when, start, duration)
                self._hook.pytest_runtest_logreport(report=report)
            self._junit.note(traits.nodeid)
        self._finish(traits)

    def lost(
        self,
        worker: int,
        traits: Traits,
        problem: Problem,
        sections: Sequence[tuple[str, str]],
        took_s: float,
    ) -> None:
        """A test did not end by itself: report it as any failing test is reported."""
        self._start(traits)
        now = time.time()
        keywords: Any = dict.fromkeys(traits.keywords, 1)
        report = pytest.TestReport(
            traits.nodeid,
            traits.location,
            keywords,
            "failed",
            problem.text,
            "call",
            sections,
            took_s,
            now - took_s,
            now,
        )
        self._hook.pytest_runtest_logreport(report=report)
        self._junit.note(traits.nodeid)
        self._recorder.add(traits.nodeid, report, "failed", problem, f"gw{worker}")
        self._recorder.finish(traits.nodeid, f"gw{worker}")
        self._finish(traits)
        self._stream.flush()

    def _start(self, traits: Traits) -> None:
        if traits.nodeid not in self._started:
            self._started.add(traits.nodeid)
            self._hook.pytest_runtest_logstart(nodeid=traits.nodeid, location=traits.location)

    def _finish(self, traits: Traits) -> None:
        self._hook.pytest_runtest_logfinish(nodeid=traits.nodeid, location=traits.location)
        self._started.discard(traits.nodeid)
        if self._stream.count >= FLUSH_LINES:
            self._stream.flush()

    # Beside tests.

    def warned(
        self,
        text: str,
        module: str,
        name: str,
        place: tuple[str, int],
        when: Any,
        nodeid: str,
        location: Any,
    ) -> None:
        """A warning was recorded in a worker."""
        message = _warning(text, module, name)
        warning = warnings.WarningMessage(message, type(message), place[0], place[1])
        self._hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": warning,
                "when": when,
                "nodeid": nodeid,
                "location": location,
            }
        )

    def grew(self, worker: int, growth_bytes: int, most_bytes: int | None) -> None:
        """A worker ended; so much it had grown."""
        if most_bytes is None or growth_bytes <= most_bytes:
            return
        self._stream.add(
            RunProblem(
                at=time.time(),
                verdict=Verdict.FAILED,
                code="growth",
                message=f"worker gw{worker} grew by {format_size(growth_bytes)} over the run, "
                f"more than the {format_size(most_bytes)} allowed",
                fix="look at growth_bytes of the tests in the report, or raise `growth` of the tier",
            )
        )


def _warning(text: str, module: str, name: str) -> Warning:
    """A warning of that class and text; a stand-in where the class is known to the worker only."""
    found = getattr(sys.modules.get(module), name, None)
    if isinstance(found, type) and issubclass(found, Warning):
        with contextlib.suppress(Exception):  # a constructor that wants something else
            message = found(text)
            if str(message) == text:
                return message
    qualities = {"__module__": module, "__str__": lambda _: text}
    stand_in: type[Warning] = type(name, (Warning,), qualities)
    return stand_in(text)


def _pass_report(traits: Traits, when: Any, start: float, duration: float) -> pytest.TestReport:
    keywords: Any = dict.fromkeys(traits.keywords, 1)
    return pytest.TestReport(
        traits.nodeid,
        traits.location,
        keywords,
        "passed",
        None,
        when,
        (),
        duration,
        start,
        start + duration,
    )
