"""From events to a record. A test counts once, by its last attempt."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from handrail.core.ahead import Ahead
from handrail.core.progress import Standing
from handrail.frozen import dataclass
from handrail.model.events import (
    Collected,
    CollectionFailed,
    Event,
    Narrowed,
    Note,
    Progress,
    RunFinished,
    Running,
    RunProblem,
    RunStarted,
    SessionFinished,
    TestFinished,
    Verified,
    WorkerLost,
)
from handrail.model.outcomes import Outcome
from handrail.model.records import RunRecord

# Looked at for every test: identity is ten times faster than the hash of an enum.
_FAILED, _ERROR = Outcome.FAILED, Outcome.ERROR
_GOOD = frozenset({Outcome.PASSED, Outcome.XPASSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaky:
    """A test that passed after it had failed in the same run."""

    test: str
    attempt: int
    """The attempt that passed."""
    failed: TestFinished
    """The first attempt that failed."""


SLOW_TIMES = 3
SLOW_S = 0.5
"""Below that much more than usual nothing is slow: the machine was busy for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A test that took much longer than usual. Seconds."""

    test: str
    took_s: float
    usual_s: float


class Folding:
    """An incremental fold: ``add`` is O(1) whatever the size of the run, and so is ``progress``.

    ``record`` hands out everything; it copies references, so call it when somebody reads, not
    after each event.
    """

    __slots__ = (
        "_ahead",
        "_bad",
        "_collected",
        "_collection_failures",
        "_counts",
        "_ended",
        "_finished",
        "_last",
        "_last_at",
        "_lost",
        "_narrowed",
        "_notes",
        "_problems",
        "_running",
        "_running_at",
        "_session",
        "_started",
        "_verified",
    )

    def __init__(self) -> None:
        self._started: RunStarted | None = None
        self._collected: Collected | None = None
        self._ahead: Ahead | None = None
        self._session: SessionFinished | None = None
        self._ended: RunFinished | None = None
        self._narrowed: Narrowed | None = None
        self._verified: Verified | None = None
        self._finished: list[TestFinished] = []
        self._collection_failures: list[CollectionFailed] = []
        self._problems: list[RunProblem] = []
        self._notes: list[Note] = []
        self._lost: list[WorkerLost] = []
        self._running: dict[str, Running] = {}
        self._running_at = 0.0
        self._last_at = 0.0
        self._counts: dict[str, int] = {}
        self._last: dict[str, TestFinished] = {}
        self._bad: dict[str, TestFinished] = {}

    def add(self, event: Event) -> None:
        """Take the next event of the log into account."""
        self._last_at = max(self._last_at, event.at)
        match event:
            case TestFinished():
                self._finish(event)
            case Progress():
                self._running = {each.test: each for each in event.running}
                self._running_at = event.at
            case RunStarted():
                self._started = event
            case Collected():
                self._collected = event
                if event.usual_s:
                    self._ahead = Ahead(event.tests, event.usual_s, event.workers)
            case CollectionFailed():
                self._collection_failures.append(event)
                self._count({"error": 1}, 1)
            case _:
                self._add_rare(event)

    def _add_rare(
        self,
        event: WorkerLost | Note | RunProblem | SessionFinished | RunFinished | Narrowed | Verified,
    ) -> None:
        match event:
            case Narrowed():
                self._narrowed = event
            case Verified():
                self._verified = event
            case WorkerLost():
                self._lost.append(event)
            case Note():
                self._notes.append(event)
            case RunProblem():
                self._problems.append(event)
            case SessionFinished():
                self._session = event
                self._running = {}
            case RunFinished():
                self._ended = event
                self._running = {}
            case _:
                assert_never(event)

    def _finish(self, event: TestFinished) -> None:
        test = event.test
        self._finished.append(event)
        self._running.pop(test, None)
        if self._ahead is not None:
            self._ahead.finish(test, event.duration_s)
        previous = self._last.get(test)
        if previous is not None:
            if previous.attempt > event.attempt:
                return
            if event.is_amended:
                self._forget(previous)
            self._count(counts_of(previous), -1)
            self._bad.pop(test, None)
        self._last[test] = event
        self._count(counts_of(event), 1)
        if is_bad(event):
            self._bad[test] = event

    def _forget(self, amended: TestFinished) -> None:
        for place in reversed(range(len(self._finished) - 1)):
            if self._finished[place] is amended:
                del self._finished[place]
                return

    def _count(self, counts: Mapping[str, int], sign: int) -> None:
        for word, number in counts.items():
            left = self._counts.get(word, 0) + sign * number
            if left:
                self._counts[word] = left
            else:
                self._counts.pop(word, None)

    def progress(self) -> Standing:
        """Where the run stands, without its tests. O(workers).

        Raises: ValueError before ``RunStarted``.
        """
        started = self._begun()
        collected = self._collected
        return Standing(
            run_id=started.run_id,
            tiers=started.tiers,
            started_at=started.at,
            last_at=self._last_at,
            counts=dict(self._counts),
            done=len(self._last),
            total=len(collected.tests) if collected else None,
            bad=len(self._bad) + len(self._collection_failures),
            collected_at=collected.at if collected else None,
            estimate_s=collected.estimate_s if collected else None,
            usual_s=started.usual_s,
            outlook=self._ahead.outlook() if self._ahead else None,
            budget_s=started.budget_s,
            running=tuple(self._running.values()),
            running_at=self._running_at,
        )

    @property
    def has_begun(self) -> bool:
        """Whether the events tell which run this is."""
        return self._started is not None

    @property
    def is_collected(self) -> bool:
        """Whether it is known which tests run."""
        return self._collected is not None

    @property
    def has_ended(self) -> bool:
        """Whether pytest's session is over."""
        return self._session is not None or self._ended is not None

    @property
    def is_concluded(self) -> bool:
        """Whether there is a verdict."""
        return self._ended is not None

    def outline(self) -> RunRecord:
        """The run as it stands, but of its attempts only the bad ones. O(failures).

        Raises: ValueError before ``RunStarted``.
        """
        return self._record(tuple(self._bad.values()))

    def record(self) -> RunRecord:
        """The run as it stands. Raises: ValueError before ``RunStarted``."""
        return self._record(tuple(self._finished))

    def _record(self, finished: tuple[TestFinished, ...]) -> RunRecord:
        return RunRecord(
            started=self._begun(),
            collected=self._collected,
            finished=finished,
            collection_failures=tuple(self._collection_failures),
            problems=tuple(self._problems),
            notes=tuple(self._notes),
            lost_workers=tuple(self._lost),
            running=tuple(self._running.values()),
            session=self._session,
            ended=self._ended,
            narrowed=self._narrowed,
            verified=self._verified,
            last_at=self._last_at,
            counts=dict(self._counts),
        )

    def _begun(self) -> RunStarted:
        if self._started is None:
            raise ValueError("a run begins with RunStarted")
        return self._started


def fold(events: Iterable[Event]) -> RunRecord:
    """The record of a whole log, or of as much as there is. Raises: ValueError without RunStarted."""
    folding = Folding()
    for event in events:
        folding.add(event)
    return folding.record()


def counts_of(attempt: TestFinished) -> Mapping[str, int]:
    """How plain pytest counts this attempt."""
    return attempt.counts or {attempt.outcome.value: 1}


def is_bad(attempt: TestFinished) -> bool:
    """Whether this attempt alone would make plain pytest fail."""
    if attempt.outcome is _FAILED or attempt.outcome is _ERROR:
        return True
    counts = attempt.counts
    return bool(counts) and bool(counts.get("failed", 0) or counts.get("error", 0))


def last_attempts(record: RunRecord) -> Mapping[str, TestFinished]:
    """The attempt that counts, by test, in the order in which the tests first finished."""
    last: dict[str, TestFinished] = {}
    for each in record.finished:
        previous = last.get(each.test)
        if previous is None or previous.attempt <= each.attempt:
            last[each.test] = each
    return last


def flaky(record: RunRecord) -> tuple[Flaky, ...]:
    """The tests that passed after a bad attempt."""
    bad: dict[str, TestFinished] = {}
    for each in record.finished:
        if is_bad(each):
            bad.setdefault(each.test, each)
    if not bad:
        return ()
    return tuple(
        Flaky(test=test, attempt=last.attempt, failed=bad[test])
        for test, last in last_attempts(record).items()
        if test in bad and last.outcome in _GOOD and not is_bad(last)
    )


def slow(record: RunRecord) -> tuple[Slow, ...]:
    """The tests that took ``SLOW_TIMES`` as long as usual and ``SLOW_S`` longer, the worst first."""
    collected = record.collected
    if collected is None or not collected.usual_s:
        return ()
    usual = dict(zip(collected.tests, collected.usual_s, strict=True))
    found = [
        Slow(test=test, took_s=last.duration_s, usual_s=usual_s)
        for test, last in last_attempts(record).items()
        if (usual_s := usual.get(test, -1.0)) >= 0
        and last.duration_s > max(SLOW_TIMES * usual_s, usual_s + SLOW_S)
    ]
    return tuple(sorted(found, key=lambda each: each.usual_s - each.took_s))


def not_run(record: RunRecord) -> tuple[str, ...]:
    """The planned tests that have no attempt, in the order of the plan."""
    if record.collected is None:
        return ()
    attempted = {each.test for each in record.finished}
    return tuple(test for test in dict.fromkeys(record.collected.tests) if test not in attempted)
