"""From pytest's reports to events: one ``TestFinished`` for each attempt, written as they come."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from handrail.frozen import dataclass, field, replace
from handrail.model.events import Event, TestFinished, to_json
from handrail.model.outcomes import Outcome, Problem

_quoted = json.encoder.encode_basestring_ascii
_PHASE_INDEX = {"setup": 0, "call": 1, "teardown": 2}
_WORST_FIRST = (
    Outcome.ERROR,
    Outcome.FAILED,
    Outcome.XPASSED,
    Outcome.XFAILED,
    Outcome.SKIPPED,
    Outcome.PASSED,
)


def worst(counts: Mapping[str, int]) -> Outcome:
    """What became of a test, from how often pytest counted what of it."""
    return next((each for each in _WORST_FIRST if counts.get(each)), Outcome.PASSED)


class EventStream:
    """Events as JSON lines to a descriptor, in batches; a reader that went away is no problem."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[bytes] = []

    def add(self, event: Event) -> None:
        """Queue an event."""
        self.add_line(json.dumps(to_json(event), separators=(",", ":")))

    def add_line(self, line: str) -> None:
        """Queue an event that is JSON already, in ASCII."""
        self._lines.append(line.encode("ascii"))

    @property
    def count(self) -> int:
        """How many events are queued."""
        return len(self._lines)

    def flush(self) -> None:
        """Write what is queued."""
        if not self._lines:
            return
        data = memoryview(b"\n".join(self._lines) + b"\n")
        self._lines.clear()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            self._descriptor = os.open(os.devnull, os.O_WRONLY)


@dataclass(slots=True)
class Draft:
    """An attempt in the making."""

    phases: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    started_at: float = 0.0
    problems: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    attempt: int = 1


class Recorder:
    """Folds the reports of each test into events."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._drafts: dict[str, Draft] = {}
        self._attempts: dict[str, int] = {}
        """Of tests that were tried again: which attempt it is by now."""
        self._newest: dict[str, TestFinished | tuple[str, Sequence[float], int]] = {}
        """What each worker finished last; of a plain pass the test, its times and its growth."""

    def add(
        self, test: str, report: Any, category: str, problem: Problem | None, worker: str
    ) -> None:
        """Take in one report of a phase. ``category``: what pytest counts it as; may be empty."""
        draft = self._draft(test)
        if report.when in _PHASE_INDEX and not _is_subtest(report):
            draft.phases[_PHASE_INDEX[report.when]] = report.duration
            draft.started_at = draft.started_at or report.start
        if category:
            draft.counts[category] = draft.counts.get(category, 0) + 1
        if problem is not None and not (draft.problems and problem.text.startswith("contains ")):
            draft.problems.append(problem)
        draft.reason = draft.reason or _reason(report)
        if category == "rerun":
            self._finish_rerun(test, draft, worker)

    def _draft(self, test: str) -> Draft:
        return self._drafts.setdefault(test, Draft(attempt=self.attempt_of(test)))

    def attempt_of(self, test: str) -> int:
        """Which attempt at the test it is, from 1."""
        return self._attempts.get(test, 1)

    def is_bad(self, test: str) -> bool:
        """Whether the attempt in the making has failed."""
        counts = self._draft(test).counts
        return bool(counts.get("failed") or counts.get("error"))

    def _finish_rerun(self, test: str, draft: Draft, worker: str) -> None:
        """pytest-rerunfailures runs the test again: this attempt has ended."""
        self._stream.add(
            TestFinished(
                at=time.time(),
                test=test,
                outcome=Outcome.FAILED,
                duration_s=sum(draft.phases),
                phases=(draft.phases[0], draft.phases[1], draft.phases[2]),
                started_at=draft.started_at,
                worker=worker,
                attempt=draft.attempt,
                problems=tuple(draft.problems),
                counts={"rerun": 1},
            )
        )
        self._drafts[test] = Draft(attempt=draft.attempt + 1)

    def finish(
        self, test: str, worker: str, *, growth_bytes: int = 0, retried_for: str = ""
    ) -> Outcome:
        """The attempt has ended: say what became of it. ``retried_for``: it is tried again."""
        draft = self._drafts.pop(test, None) or Draft(attempt=self.attempt_of(test))
        if retried_for:
            self._attempts[test] = draft.attempt + 1
        outcome = worst(draft.counts)
        counts = {} if draft.counts == {outcome: 1} else draft.counts
        finished = TestFinished(
            at=time.time(),
            test=test,
            outcome=outcome,
            duration_s=sum(draft.phases),
            phases=(draft.phases[0], draft.phases[1], draft.phases[2]),
            started_at=draft.started_at,
            worker=worker,
            attempt=draft.attempt,
            growth_bytes=growth_bytes,
            reason=draft.reason,
            problems=tuple(draft.problems),
            retried_for=retried_for,
            counts=counts,
        )
        self._stream.add(finished)
        self._newest[worker] = finished
        return outcome

    def amend(self, worker: str, problem: Problem) -> None:
        """What the worker finished last has turned out to be an error: tell of the attempt once more."""
        newest = self._newest[worker]
        if not isinstance(newest, TestFinished):
            newest = self._plain_pass(worker, *newest)
        counts = newest.counts or {newest.outcome: 1}
        self._stream.add(
            replace(
                newest,
                at=time.time(),
                attempt=self.attempt_of(newest.test),
                outcome=Outcome.ERROR,
                problems=(*newest.problems, problem),
                counts={**counts, "error": counts.get("error", 0) + 1},
                is_amended=True,
            )
        )

    def _plain_pass(
        self, worker: str, test: str, times: Sequence[float], growth_bytes: int
    ) -> TestFinished:
        started_at, setup, _, call, _, teardown = times
        return TestFinished(
            at=time.time(),
            test=test,
            outcome=Outcome.PASSED,
            duration_s=setup + call + teardown,
            phases=(setup, call, teardown),
            started_at=started_at,
            worker=worker,
            attempt=self.attempt_of(test),
            growth_bytes=growth_bytes,
        )

    def passed(self, test: str, worker: str, times: Sequence[float], growth_bytes: int) -> None:
        """A plain pass, from ``times``: start and duration of set-up, call and teardown.

        Written by hand: it is what nearly every test of nearly every run needs.
        """
        self._newest[worker] = test, times, growth_bytes
        _, setup, _, call, _, teardown = times
        attempt = f',"attempt":{self._attempts[test]}' if test in self._attempts else ""
        self._stream.add_line(
            f'{{"event":"TestFinished","at":{time.time():.6f},"test":{_quoted(test)},'
            f'"outcome":"passed","duration_s":{setup + call + teardown:.6f},'
            f'"phases":[{setup:.6f},{call:.6f},{teardown:.6f}],"started_at":{times[0]:.6f},'
            f'"worker":"{worker}"{attempt},"growth_bytes":{growth_bytes}}}'
        )


_PLAIN_KEYS: set[str] = set()


def is_plain_pass(report: Any) -> bool:
    """Whether a report says nothing but when a phase began, that it passed, and how long it took."""
    if not _PLAIN_KEYS:
        import pytest

        _PLAIN_KEYS.update(vars(pytest.TestReport("", ("", 0, ""), {}, "passed", None, "call")))
    return (
        report.outcome == "passed"
        and report.longrepr is None
        and not report.sections
        and not report.user_properties
        and vars(report).keys() == _PLAIN_KEYS
    )


def begin_line(test: str, limit_s: float) -> str:
    """A ``Progress`` event as JSON, by hand: without workers there is one for every test."""
    limit = f',"limit_s":{limit_s}' if limit_s else ""
    return (
        f'{{"event":"Progress","at":{time.time():.6f},"running":'
        f'[{{"test":{_quoted(test)},"for_s":0.0,"worker":""{limit}}}]}}'
    )


def _is_subtest(report: Any) -> bool:
    return hasattr(report, "context")


def _reason(report: Any) -> str:
    expected = getattr(report, "wasxfail", None)
    if expected is not None:
        return str(expected)[:500]
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")[:500]
    return ""
