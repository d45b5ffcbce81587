"""Run tests: start a session, fold its events, bound it, judge it, keep what it told."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from handrail.core import causes as grouping
from handrail.core.causes import Cause, Label
from handrail.core.folding import Folding
from handrail.core.text import redacted
from handrail.core.verdicts import Judgement, judge, out_of_budget
from handrail.errors import StateError
from handrail.frozen import dataclass, field, replace
from handrail.model.events import (
    CollectionFailed,
    Event,
    Progress,
    RunFinished,
    Running,
    RunProblem,
    RunStarted,
    SessionFinished,
    TestFinished,
    from_json,
)
from handrail.model.outcomes import Outcome, Phase, Problem, ProblemKind, Verdict
from handrail.model.records import RunRecord
from handrail.model.spec import RunSpec
from handrail.ports.history import History

_PYTEST_USAGE, _PYTEST_LAST = 4, 5
_CONFTEST = re.compile(r"^\w+ while loading conftest '(.+)'\.$", re.MULTILINE)
_PROGRESS = b'{"event":"Progress",'
POLL_S = 0.1
BACKSTOP_S = 5.0
"""How long after its budget, or after Ctrl-C, a session that does not end is killed."""


class Session(Protocol):
    """A running pytest session; ``execution.child.Session`` is one."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended and everything it said was read."""
        ...

    @property
    def returncode(self) -> int | None:
        """Exit code, or minus the signal; None while it runs."""
        ...

    def lines(self, timeout_s: float) -> Iterator[bytes]:
        """Wait at most that long; yield the events that came, as lines of JSON."""
        ...

    def interrupt(self) -> None:
        """Ask it to stop, as Ctrl-C would."""
        ...

    def dump_stacks(self) -> None:
        """Have it write the stacks of its threads to where it prints."""
        ...

    def kill(self) -> None:
        """End it and everything it started."""
        ...


class Log(Protocol):
    """Where events are kept; it never raises."""

    def append(self, batch: Sequence[Event | bytes]) -> None:
        """Keep these, in order: events, or lines that are encoded already."""
        ...


class View(Protocol):
    """Something that shows a run while it goes on."""

    def tick(self, now: float) -> None:
        """Show where the run stands, if it is time to. ``now``: epoch seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run that has ended, with everything that reporters need."""

    record: RunRecord
    judgement: Judgement
    causes: tuple[Cause, ...]
    labels: Mapping[str, Label]
    outcomes: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class Follower:
    """Follows one session to its end. Signals set ``stop_asked``."""

    session: Session
    spec: RunSpec
    folding: Folding
    log: Log
    views: Sequence[View]
    on_event: Callable[[Event], None] | None = None
    is_listing: bool = False
    """Whether pytest is only to list something, and so may end without a session."""
    root: str = ""
    """The project's folder, which paths are shown relative to."""
    printed: Callable[[], str] = str
    """What pytest has printed so far, or the end of it; nothing where that went to a terminal."""
    stop_asked: str = ""
    """``interrupted`` (Ctrl-C) or ``terminated`` (SIGTERM, SIGHUP)."""
    stops: int = 0
    _killed_at: float | None = None
    _is_told: bool = False
    _running: dict[str, tuple[Running, float]] = field(default_factory=dict)
    _overran: Running | None = None

    def follow(self) -> None:
        """Return when the session is over."""
        while not self.session.is_over:
            self._take_in_all(self.session.lines(POLL_S))
            now = time.time()
            for view in self.views:
                view.tick(now)
            self._bound(time.monotonic())
        self._take_in_all(self.session.lines(0))
        self._conclude()

    def _take_in_all(self, lines: Iterator[bytes]) -> None:
        batch: list[Event | bytes] = []
        for line in _latest(lines):
            try:
                event = from_json(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # a process that a test left behind wrote into the pipe
            if isinstance(event, TestFinished) and not event.problems and not event.reason:
                batch.append(line)
            else:
                event = redacted(event, self.spec.settings.redact)
                batch.append(event)
            self._fold(event)
        self.log.append(batch)

    def tell(self, event: Event) -> None:
        """Add an event of the follower's own."""
        self.log.append([event])
        self._fold(event)

    def _fold(self, event: Event) -> None:
        self.folding.add(event)
        if self.on_event is not None:
            self.on_event(event)
        if self.spec.workers == 0:
            self._note_running(event)

    # Bounds. Workers are bounded by the session itself; the session, and tests without workers, here.

    def _note_running(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._running = {each.test: (each, time.monotonic()) for each in event.running}
        elif isinstance(event, TestFinished):
            self._running.pop(event.test, None)

    def _bound(self, now: float) -> None:
        if self._killed_at is not None:
            if now >= self._killed_at or self.stops > 1:
                self.session.kill()
            return
        if self.stop_asked and not self._is_told:
            self._is_told = True
            self._killed_at = now + self.spec.grace_s + BACKSTOP_S
            self.session.interrupt()
        if self.stops > 1:
            self.session.kill()
        if (
            self.spec.ends_at is not None
            and now > self.spec.ends_at + self.spec.grace_s + BACKSTOP_S
        ):
            self.tell(out_of_budget(time.time()))
            self.session.kill()
            self._killed_at = now
        for running, since in self._running.values():
            if running.limit_s is not None and now - since > running.limit_s:
                self._overran = running
                self.session.dump_stacks()
                self._killed_at = now + self.spec.grace_s

    def _conclude(self) -> None:
        record = self.folding.record()
        code = self.session.returncode or 0
        if self._overran is not None:
            self._tell_overrun(self._overran)
        if self.stop_asked:
            self.tell(
                RunProblem(
                    at=time.time(),
                    verdict=Verdict.STOPPED,
                    code=self.stop_asked,
                    message="stopped by Ctrl-C" if self.stop_asked == "interrupted" else "stopped",
                )
            )
        if record.session is not None and record.session.pytest_exit == _PYTEST_USAGE:
            self._tell_usage(self.printed())
        if record.session is not None or self._overran is not None or self.stop_asked:
            return
        if code == _PYTEST_USAGE:
            self._tell_usage(self.printed())
            return
        if self.is_listing and 0 <= code <= _PYTEST_LAST:
            self.tell(SessionFinished(at=time.time(), pytest_exit=code))
            return
        ended = f"exit code {code}" if code >= 0 else f"signal {-code}"
        if record.collected is None and record.running:
            self._tell_uncollected(record.running[0].test, ended)
            return
        self.tell(
            RunProblem(
                at=time.time(),
                verdict=Verdict.INFRA_ERROR,
                code="session-lost",
                message=f"the pytest session ended before its time ({ended})",
                fix="see pytest.log of this run: a conftest or a plugin may end the process",
            )
        )

    def _tell_uncollected(self, node: str, ended: str) -> None:
        """A module ended the session that imported it."""
        message = f"the process that imported this module ended ({ended})"
        problem = Problem(
            kind=ProblemKind.CRASH, phase=Phase.COLLECT, message=message, path=node, text=message
        )
        self.tell(CollectionFailed(at=time.time(), node=node, problem=problem))
        self.tell(SessionFinished(at=time.time(), pytest_exit=1))

    def _tell_usage(self, printed: str) -> None:
        """Pytest did not begin: a conftest is broken, or it was given what it does not know."""
        conftest = _CONFTEST.search(printed)
        if conftest is not None:
            lines = [line for line in printed.splitlines() if line.startswith("E   ")]
            message = lines[-1].removeprefix("E   ").strip() if lines else "cannot be imported"
            kind, colon, rest = message.partition(": ")
            path = conftest[1].removeprefix(f"{self.root}/")
            problem = Problem(
                kind=ProblemKind.COLLECTION,
                phase=Phase.COLLECT,
                exception=kind if colon and kind.isidentifier() else "",
                message=rest if colon and kind.isidentifier() else message,
                path=path,
                text=printed.strip(),
            )
            self.tell(CollectionFailed(at=time.time(), node=path, problem=problem))
            self.tell(SessionFinished(at=time.time(), pytest_exit=1))
            return
        lines = [line for line in printed.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR: ")]
        said = [line.removeprefix("ERROR: ") for line in errors or lines]
        self.tell(
            RunProblem(
                at=time.time(),
                verdict=Verdict.CONFIG_ERROR,
                code="pytest-usage",
                message="pytest did not begin: " + "; ".join(said[-6:])[:1500],
                fix="correct the option, or pytest's configuration",
            )
        )

    def _tell_overrun(self, running: Running) -> None:
        message = f"did not end within {running.limit_s:g} s; with -n 0 that ends the session"
        path = running.test.partition("::")[0]
        problem = Problem(
            kind=ProblemKind.TIMEOUT, phase=Phase.CALL, message=message, path=path, text=message
        )
        self.tell(
            TestFinished(
                at=time.time(),
                test=running.test,
                outcome=Outcome.FAILED,
                duration_s=running.limit_s or 0.0,
                problems=(problem,),
            )
        )
        self.tell(
            RunProblem(
                at=time.time(),
                verdict=Verdict.FAILED,
                code="overrun",
                message=f"{running.test} {message}: what came after it did not run",
                fix="run with workers: then only the test that hangs is ended",
            )
        )
        self.tell(SessionFinished(at=time.time(), pytest_exit=1))


def _latest(lines: Iterable[bytes]) -> Iterator[bytes]:
    """These, but of what is running only the last word: without workers there is one for every test."""
    found = list(lines)
    last = max((place for place, line in enumerate(found) if line.startswith(_PROGRESS)), default=0)
    for place, line in enumerate(found):
        if place == last or not line.startswith(_PROGRESS):
            yield line


def conclude(folding: Folding, log: Log, history: History, *, allow_empty: bool) -> Report:
    """Judge the run, write the verdict as its last event, and group what went wrong.

    A run that was judged already keeps the time of that.
    """
    record = folding.record()
    judgement = judge(record, allow_empty=allow_empty)
    ended = record.ended or RunFinished(
        at=time.time(), verdict=judgement.verdict, exit_code=int(judgement.exit_code)
    )
    found = grouping.causes(record)
    outcomes: dict[str, tuple[str, ...]] = {}
    if found:
        with contextlib.suppress(StateError):
            tests = {test for cause in found for test in cause.tests}
            outcomes = {test: seen.outcomes for test, seen in history.seen(tests).items()}
    log.append([ended])
    folding.add(ended)
    record = replace(record, ended=ended, last_at=max(record.last_at, ended.at))
    return Report(
        record=record,
        judgement=judgement,
        causes=found,
        labels=grouping.labels(found, outcomes),
        outcomes=outcomes,
    )


def start_event(
    spec: RunSpec,
    *,
    at: float,
    tiers: tuple[str, ...],
    selection: tuple[str, ...],
    budget_s: float | None,
    env: Mapping[str, str],
    arguments: tuple[str, ...] = (),
    folder: str = "",
    rerun_of: str = "",
    usual_s: float | None = None,
) -> RunStarted:
    """The first event of a run."""
    return RunStarted(
        at=at,
        run_id=spec.run_id,
        tiers=tiers,
        place=spec.place,
        selection=selection,
        budget_s=budget_s,
        workers=spec.workers,
        env=env,
        arguments=arguments,
        folder=folder,
        rerun_of=rerun_of,
        usual_s=usual_s,
    )
