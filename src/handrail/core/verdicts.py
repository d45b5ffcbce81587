"""The one answer of a run, and the exit code that goes with it."""

from collections.abc import Iterator

from handrail.core.folding import flaky, is_bad, last_attempts, not_run, slow
from handrail.core.quarantining import held_back
from handrail.errors import ExitCode
from handrail.frozen import dataclass
from handrail.model.events import RunProblem
from handrail.model.outcomes import Outcome, ProblemKind, Verdict
from handrail.model.records import RunRecord

_RANK = (
    Verdict.CONFIG_ERROR,
    Verdict.REFUSED,
    Verdict.STOPPED,
    Verdict.INFRA_ERROR,
    Verdict.TIMED_OUT,
    Verdict.FAILED,
    Verdict.NOTHING_RAN,
    Verdict.PASSED,
)
"""What outweighs what; the earlier one wins."""

_EXIT = {
    Verdict.PASSED: ExitCode.PASSED,
    Verdict.FAILED: ExitCode.FAILED,
    Verdict.TIMED_OUT: ExitCode.FAILED,
    Verdict.INFRA_ERROR: ExitCode.INFRA_ERROR,
    Verdict.CONFIG_ERROR: ExitCode.CONFIG_ERROR,
    Verdict.NOTHING_RAN: ExitCode.NOTHING_RAN,
    Verdict.REFUSED: ExitCode.REFUSED,
    Verdict.STOPPED: ExitCode.INTERRUPTED,
}

# ``pytest.ExitCode``: 1 is "tests failed".
_PYTEST_OK = 0
_PYTEST_INTERRUPTED = 2
_PYTEST_INTERNAL = 3
_PYTEST_USAGE = 4
_PYTEST_EMPTY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What to make of a run."""

    verdict: Verdict
    exit_code: ExitCode
    complete: bool
    """Every planned test has an attempt, and every module could be collected."""
    not_run: int
    """Planned tests without an attempt."""
    reason: str = ""
    """One sentence, where counts and causes do not say it: ``every test was skipped``."""


@dataclass(frozen=True, slots=True)
class _Finding:
    verdict: Verdict
    reason: str = ""
    exit_code: ExitCode | None = None


def judge(record: RunRecord, *, allow_empty: bool = False) -> Judgement:
    """Judge a run that has ended, or was cut off.

    Precedence: configuration, refusal, stop, infrastructure, failure, nothing ran, passed. A skip
    is not a pass: a run whose every test was skipped is ``nothing_ran`` unless ``allow_empty``,
    although plain pytest returns 0 then.
    """
    missing = len(not_run(record))
    worst = min(_findings(record, missing, allow_empty), key=lambda each: _RANK.index(each.verdict))
    return Judgement(
        verdict=worst.verdict,
        exit_code=worst.exit_code or _EXIT[worst.verdict],
        complete=record.collected is not None and not missing and not record.collection_failures,
        not_run=missing,
        reason=worst.reason,
    )


def _findings(record: RunRecord, missing: int, allow_empty: bool) -> Iterator[_Finding]:
    yield _Finding(Verdict.PASSED)
    stops = [each for each in record.problems if each.verdict is not Verdict.PASSED]
    for problem in stops:
        is_terminated = problem.verdict is Verdict.STOPPED and problem.code == "terminated"
        code = ExitCode.TERMINATED if is_terminated else None
        yield _Finding(problem.verdict, problem.message, code)
    attempts = last_attempts(record).values()
    excused = {each.attempt.test for each in held_back(record)}
    bad = [each for each in attempts if is_bad(each) and each.test not in excused]
    has_failed = bool(record.collection_failures) or bool(bad)
    has_executed = any(each.outcome is not Outcome.SKIPPED for each in attempts)
    if has_failed:
        yield _Finding(Verdict.FAILED)
    yield from _asked_for(record)
    lacking = [
        problem.message
        for attempt in bad
        for problem in attempt.problems
        if problem.kind is ProblemKind.INFRA
    ]
    if lacking:
        yield _Finding(Verdict.INFRA_ERROR, lacking[0].partition("\n")[0].removeprefix("error: "))
    if record.session is not None:
        is_explained = has_failed or bool(stops)
        yield from _of_pytest(record.session.pytest_exit, is_explained, has_executed)
    elif not stops:
        yield _Finding(Verdict.INFRA_ERROR, "session lost: it ended without saying how")
    if missing and not has_failed and not stops:
        yield _Finding(Verdict.INFRA_ERROR, f"{missing} of the planned tests never ran")
    if not (allow_empty or has_executed or _is_part(record)):
        verdict = Verdict.REFUSED if _is_refused(record) else Verdict.NOTHING_RAN
        yield _Finding(verdict, _why_nothing_ran(record))


def _is_part(record: RunRecord) -> bool:
    """Whether there are tests, which other shards run: that this one has none is no mistake."""
    return record.collected is not None and bool(record.collected.whole)


def _asked_for(record: RunRecord) -> Iterator[_Finding]:
    """What the caller wants to count as a failure too."""
    for word, find in (("flaky", flaky), ("slow", slow)):
        if word in record.started.fail_on and (number := len(find(record))):
            tests = "1 test was" if number == 1 else f"{number} tests were"
            yield _Finding(Verdict.FAILED, f"{tests} {word}, and --fail-on says {word}")


def _is_refused(record: RunRecord) -> bool:
    """Whether there were tests, and each was kept from running by a gate or by where we are."""
    withheld = record.collected.withheld if record.collected else ()
    is_locked = all(each.tier and (each.gate or not each.open_with) for each in withheld)
    return bool(withheld) and is_locked and not record.finished


def _of_pytest(pytest_exit: int, is_explained: bool, has_executed: bool) -> Iterator[_Finding]:
    """What pytest's own exit code adds to what the tests say."""
    if pytest_exit == _PYTEST_INTERNAL:
        yield _Finding(Verdict.INFRA_ERROR, "pytest had an internal error")
    elif pytest_exit == _PYTEST_USAGE:
        yield _Finding(Verdict.CONFIG_ERROR, "pytest could not follow its command line")
    elif is_explained or pytest_exit == _PYTEST_OK:
        return
    elif pytest_exit == _PYTEST_INTERRUPTED:
        yield _Finding(Verdict.STOPPED, "pytest was interrupted")
    elif pytest_exit != _PYTEST_EMPTY or has_executed:
        reason = f"no test failed, but pytest exited {pytest_exit}: a plugin was not content"
        yield _Finding(Verdict.FAILED, reason)


def _why_nothing_ran(record: RunRecord) -> str:
    if record.finished:
        return "every test was skipped"
    if record.collected is None or record.collected.tests:
        return "no test ran"
    withheld = sum(each.count for each in record.collected.withheld)
    parts = [
        f"{number} {word}"
        for number, word in ((withheld, "withheld"), (record.collected.deselected, "deselected"))
        if number
    ]
    return "no test was selected: " + ", ".join(parts) if parts else "no test was found"


def out_of_budget(at: float) -> RunProblem:
    """What to say when the time of the whole run is used up."""
    return RunProblem(
        at=at,
        verdict=Verdict.TIMED_OUT,
        code="budget",
        message="the budget of the run is used up",
        fix="raise the budget of the tier, or run fewer tests",
    )
