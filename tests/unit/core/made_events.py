"""Events for tests of ``core``: everything that does not matter has a default."""

from collections.abc import Iterable

from handrail.model.events import (
    Collected,
    CollectionFailed,
    Event,
    RunProblem,
    RunStarted,
    SessionFinished,
    TestFinished,
    Withheld,
)
from handrail.model.outcomes import Outcome, Phase, Problem, ProblemKind, Verdict

STARTED = RunStarted(at=100.0, run_id="7k2f", tiers=("fast",), place="local", budget_s=60.0)


def collected(*tests: str, withheld: Iterable[Withheld] = (), deselected: int = 0) -> Collected:
    return Collected(at=101.0, tests=tests, withheld=tuple(withheld), deselected=deselected)


def finished(
    test: str,
    outcome: Outcome = Outcome.PASSED,
    *problems: Problem,
    attempt: int = 1,
    counts: dict[str, int] | None = None,
    at: float = 102.0,
) -> TestFinished:
    return TestFinished(
        at=at,
        test=test,
        outcome=outcome,
        duration_s=0.1,
        attempt=attempt,
        problems=problems,
        counts=counts or {},
    )


def failed(test: str, *problems: Problem, attempt: int = 1) -> TestFinished:
    return finished(test, Outcome.FAILED, *problems, attempt=attempt)


def problem(
    exception: str = "TypeError",
    where: tuple[str, int] = ("a.py", 3),
    *,
    message: str = "no",
    phase: Phase = Phase.CALL,
    kind: ProblemKind = ProblemKind.EXCEPTION,
    chain: tuple[str, ...] = (),
) -> Problem:
    return Problem(
        kind=kind,
        phase=phase,
        exception=exception,
        message=message,
        path=where[0],
        line=where[1],
        chain=chain,
    )


def collection_failed(node: str = "broken.py") -> CollectionFailed:
    found = problem("SyntaxError", (node, 1), phase=Phase.COLLECT, kind=ProblemKind.COLLECTION)
    return CollectionFailed(at=101.5, node=node, problem=found)


def trouble(verdict: Verdict, code: str = "some-code", message: str = "it broke") -> RunProblem:
    return RunProblem(at=103.0, verdict=verdict, code=code, message=message)


def ended(pytest_exit: int = 0) -> SessionFinished:
    return SessionFinished(at=104.0, pytest_exit=pytest_exit)


def log(*events: Event) -> list[Event]:
    return [STARTED, *events]
