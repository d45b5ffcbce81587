"""What is told of a pytest session that has ended, or was ended, and cannot tell it any more."""

import re

from handrail.frozen import dataclass
from handrail.model.events import (
    CollectionFailed,
    Event,
    Running,
    RunProblem,
    SessionFinished,
    TestFinished,
)
from handrail.model.outcomes import Outcome, Phase, Problem, ProblemKind, Verdict
from handrail.model.records import RunRecord

# ``pytest.ExitCode``: 1 is "tests failed", 5 the last of them.
_TESTS_FAILED, _USAGE, _LAST = 1, 4, 5
_CONFTEST = re.compile(r"^\w+ while loading conftest '(.+)'\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """How a session ended, as it looks from outside."""

    exit_code: int
    """Or minus the signal."""
    printed: str = ""
    """By pytest, or the end of that."""
    stop_asked: str = ""
    """``interrupted`` (Ctrl-C) or ``terminated`` (SIGTERM, SIGHUP), if somebody did."""
    overran: Running | None = None
    """The test for which it was ended, without workers that could be ended instead."""
    is_listing: bool = False
    """Whether pytest was only to list something, and so may end without a session."""
    root: str = ""
    """The project's folder, which paths are shown relative to."""


def did_not_begin(record: RunRecord, exit_code: int) -> bool:
    """Whether pytest refused what it was given; then what it printed says why."""
    said = record.session.pytest_exit if record.session is not None else exit_code
    return said == _USAGE


def untold(record: RunRecord, end: SessionEnd, at: float) -> list[Event]:
    """What the events of the session lack. ``at``: epoch seconds."""
    events: list[Event] = []
    if end.overran is not None:
        events += _overrun(end.overran, at)
    if end.stop_asked:
        events.append(_stopped(end.stop_asked, at))
    if events and record.session is None:
        return events  # that is why it has ended
    if did_not_begin(record, end.exit_code):
        return events + _refused(end, at)
    return events if record.session is not None else _lost(record, end, at)


def _overrun(running: Running, at: float) -> list[Event]:
    message = f"did not end within {running.limit_s:g} s; with -n 0 that ends the session"
    path = running.test.partition("::")[0]
    problem = Problem(
        kind=ProblemKind.TIMEOUT, phase=Phase.CALL, message=message, path=path, text=message
    )
    return [
        TestFinished(
            at=at,
            test=running.test,
            outcome=Outcome.FAILED,
            duration_s=running.limit_s or 0.0,
            problems=(problem,),
        ),
        RunProblem(
            at=at,
            verdict=Verdict.FAILED,
            code="overrun",
            message=f"{running.test} {message}: what came after it did not run",
            fix="run with workers: then only the test that hangs is ended",
        ),
        SessionFinished(at=at, pytest_exit=_TESTS_FAILED),
    ]


def _stopped(how: str, at: float) -> Event:
    message = "stopped by Ctrl-C" if how == "interrupted" else "stopped"
    return RunProblem(at=at, verdict=Verdict.STOPPED, code=how, message=message)


def _refused(end: SessionEnd, at: float) -> list[Event]:
    """A conftest is broken, or pytest was given what it does not know."""
    conftest = _CONFTEST.search(end.printed)
    if conftest is not None:
        return _broken_conftest(conftest[1].removeprefix(f"{end.root}/"), end.printed, at)
    lines = [line for line in end.printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    said = [line.removeprefix("ERROR: ") for line in errors or lines]
    return [
        RunProblem(
            at=at,
            verdict=Verdict.CONFIG_ERROR,
            code="pytest-usage",
            message="pytest did not begin: " + "; ".join(said[-6:])[:1500],
            fix="correct the option, or pytest's configuration",
        )
    ]


def _broken_conftest(path: str, printed: str, at: float) -> list[Event]:
    lines = [line for line in printed.splitlines() if line.startswith("E   ")]
    message = lines[-1].removeprefix("E   ").strip() if lines else "cannot be imported"
    kind, colon, rest = message.partition(": ")
    has_kind = bool(colon) and kind.isidentifier()
    problem = Problem(
        kind=ProblemKind.COLLECTION,
        phase=Phase.COLLECT,
        exception=kind if has_kind else "",
        message=rest if has_kind else message,
        path=path,
        text=printed.strip(),
    )
    return _uncollected(path, problem, at)


def _lost(record: RunRecord, end: SessionEnd, at: float) -> list[Event]:
    """It ended before its time."""
    code = end.exit_code
    if end.is_listing and 0 <= code <= _LAST:
        return [SessionFinished(at=at, pytest_exit=code)]
    ended = f"exit code {code}" if code >= 0 else f"signal {-code}"
    if record.collected is None and record.running:
        node = record.running[0].test
        message = f"the process that imported this module ended ({ended})"
        problem = Problem(
            kind=ProblemKind.CRASH, phase=Phase.COLLECT, message=message, path=node, text=message
        )
        return _uncollected(node, problem, at)
    return [
        RunProblem(
            at=at,
            verdict=Verdict.INFRA_ERROR,
            code="session-lost",
            message=f"the pytest session ended before its time ({ended})",
            fix="see pytest.log of this run: a conftest or a plugin may end the process",
        )
    ]


def _uncollected(node: str, problem: Problem, at: float) -> list[Event]:
    return [
        CollectionFailed(at=at, node=node, problem=problem),
        SessionFinished(at=at, pytest_exit=_TESTS_FAILED),
    ]
