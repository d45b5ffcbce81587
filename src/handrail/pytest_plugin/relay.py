"""From what workers report to what plain pytest would have said: the same hooks, then the events."""

import contextlib
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
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
        self._held: dict[str, list[Callable[[], None]]] = {}
        """What hooks are told of a test when it is known whether it is tried again."""
        self._retried: dict[str, list[Callable[[], None]]] = {}
        """What they were not told of the attempt before, because another one follows."""
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
        self._tell(traits, partial(self._log, traits, report))
        self._recorder.add(traits.nodeid, report, category, problem, f"gw{worker}")

    def reported_late(
        self,
        worker: int,
        traits: Traits,
        data: dict[str, Any],
        problem: Problem,
    ) -> None:
        """What lived for the whole session was torn down after its last test, and failed."""
        self._log(traits, reports.unpack(self._config, data))
        self._recorder.amend(f"gw{worker}", problem)

    def lost_late(
        self, worker: int, traits: Traits, problem: Problem, sections: Sequence[tuple[str, str]]
    ) -> None:
        """The worker ended while it tore down, in the name of its last test, what was left standing."""
        self._log(traits, _failed_report(traits, "teardown", problem, sections))
        self._recorder.amend(f"gw{worker}", problem)
        self._stream.flush()

    def _log(self, traits: Traits, report: pytest.TestReport) -> None:
        if traits.is_excused:
            reports.excuse(report)
        self._hook.pytest_runtest_logreport(report=report)
        self._junit.note(traits.nodeid)

    def attributed(self, traits: Traits, attributes: dict[str, str]) -> None:
        """A test recorded XML attributes."""
        self._tell(traits, partial(self._add_attributes, traits, attributes))

    def _add_attributes(self, traits: Traits, attributes: dict[str, str]) -> None:
        junit.add(self._config, nodeid=traits.nodeid, attributes=attributes)
        self._junit.note(traits.nodeid)

    def _tell(self, traits: Traits, telling: Callable[[], None]) -> None:
        """Tell the hooks: at once, or when it is known that the attempt is the last one."""
        if self._may_follow(traits):
            self._held.setdefault(traits.nodeid, []).append(telling)
        else:
            telling()

    def _may_follow(self, traits: Traits) -> bool:
        """Whether the test is tried again if this attempt fails."""
        return self._recorder.attempt_of(traits.nodeid) <= traits.retries

    def _is_followed(self, traits: Traits, *, is_going_on: bool) -> bool:
        """Whether the attempt that has just ended is followed by another; the hooks are told if not."""
        nodeid = traits.nodeid
        held = self._held.pop(nodeid, [])
        self._retried.pop(nodeid, None)
        if is_going_on and self._may_follow(traits) and self._recorder.is_bad(nodeid):
            self._retried[nodeid] = held
            reports.forget_failed_subtests(self._config, nodeid)
            return True
        for telling in held:
            telling()
        return False

    def close(self, nodeids: Iterable[str]) -> None:
        """No more will come. ``nodeids``: of all tests, in collection order."""
        for held in (*self._retried.values(), *self._held.values()):
            for telling in held:  # the run was stopped before the attempt that would have counted
                telling()
        self._junit.sort(nodeids)
        self._stream.flush()

    def finished(
        self,
        worker: int,
        traits: Traits,
        growth_bytes: int,
        times: list[float] | None,
        *,
        is_going_on: bool,
    ) -> bool:
        """A test ended; whether it is to be tried again, which it is not unless the run goes on.

        ``times``: of a plain pass, start and duration of each phase.
        """
        if times is None:
            is_followed = self._is_followed(traits, is_going_on=is_going_on)
            self._recorder.finish(
                traits.nodeid,
                f"gw{worker}",
                growth_bytes=growth_bytes,
                retried_for=traits.retried_for if is_followed else "",
            )
            if is_followed:
                return True
        else:
            self._is_followed(traits, is_going_on=False)
            self._recorder.passed(traits.nodeid, f"gw{worker}", times, growth_bytes)
            if self.is_brief:
                terminal.count_pass(self._config, _pass_report(traits, "call", *times[2:4]))
                return False
            self._start(traits)
            for when, start, duration in zip(
                ("setup", "call", "teardown"), times[::2], times[1::2], strict=True
            ):
                report = _pass_report(traits, when, start, duration)
                self._hook.pytest_runtest_logreport(report=report)
            self._junit.note(traits.nodeid)
        self._finish(traits)
        return False

    def lost(
        self,
        worker: int,
        traits: Traits,
        problem: Problem,
        sections: Sequence[tuple[str, str]],
        took_s: float,
        *,
        is_going_on: bool,
    ) -> bool:
        """A test did not end by itself: report it as any failing test is reported.

        Whether it is to be tried again, as of ``finished``.
        """
        self._start(traits)
        report = _failed_report(traits, "call", problem, sections, took_s)
        self._tell(traits, partial(self._log, traits, report))
        self._recorder.add(traits.nodeid, report, "failed", problem, f"gw{worker}")
        is_followed = self._is_followed(traits, is_going_on=is_going_on)
        retried_for = traits.retried_for if is_followed else ""
        self._recorder.finish(traits.nodeid, f"gw{worker}", retried_for=retried_for)
        if not is_followed:
            self._finish(traits)
        self._stream.flush()
        return is_followed

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


def _failed_report(
    traits: Traits,
    when: Any,
    problem: Problem,
    sections: Sequence[tuple[str, str]],
    took_s: float = 0.0,
) -> pytest.TestReport:
    now = time.time()
    keywords: Any = dict.fromkeys(traits.keywords, 1)
    return pytest.TestReport(
        traits.nodeid,
        traits.location,
        keywords,
        "failed",
        problem.text,
        when,
        sections,
        took_s,
        now - took_s,
        now,
    )


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
