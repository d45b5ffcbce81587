"""The table of ``interface.md``: verdicts, exit codes, and which one wins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import (
    STARTED,
    collected,
    collection_failed,
    ended,
    failed,
    finished,
    log,
    problem,
    trouble,
)

from handrail.core.folding import fold
from handrail.core.verdicts import Judgement, judge
from handrail.errors import ExitCode
from handrail.frozen import replace
from handrail.model.events import Event, Withheld
from handrail.model.outcomes import Outcome, ProblemKind, Verdict

GREEN = (collected("a"), finished("a"), ended())
RED = (collected("a"), failed("a", problem()), ended(1))


def judged(*events: Event, allow_empty: bool = False) -> Judgement:
    return judge(fold(log(*events)), allow_empty=allow_empty)


def test_a_run_whose_tests_all_passed_has_passed() -> None:
    assert judged(*GREEN) == Judgement(
        verdict=Verdict.PASSED, exit_code=ExitCode.PASSED, complete=True, not_run=0
    )


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
def test_a_bad_test_fails_the_run(outcome: Outcome) -> None:
    result = judged(collected("a"), finished("a", outcome), ended(1))

    assert (result.verdict, result.exit_code) == (Verdict.FAILED, ExitCode.FAILED)


def test_an_error_in_teardown_of_a_passed_test_fails_the_run() -> None:
    both = finished("a", Outcome.PASSED, counts={"passed": 1, "error": 1})

    assert judged(collected("a"), both, ended(1)).verdict is Verdict.FAILED


@pytest.mark.parametrize("pytest_exit", [0, 1, 2])
def test_a_module_that_cannot_be_collected_fails_the_run_and_leaves_it_incomplete(
    pytest_exit: int,
) -> None:
    result = judged(collected("a"), collection_failed(), finished("a"), ended(pytest_exit))

    assert (result.verdict, result.reason) == (Verdict.FAILED, "")
    assert not result.complete


def test_a_service_that_a_test_could_not_have_is_no_fault_of_the_code() -> None:
    text = "error: redis does not answer [service-unreachable]\n  redis://localhost"
    lacking = problem(kind=ProblemKind.INFRA, message=text)

    result = judged(collected("a", "b"), failed("a", lacking), failed("b", problem()), ended(1))

    assert (result.verdict, result.exit_code) == (Verdict.INFRA_ERROR, ExitCode.INFRA_ERROR)
    assert result.reason == "redis does not answer [service-unreachable]"


def test_a_flaky_pass_is_a_pass() -> None:
    result = judged(collected("a"), failed("a"), finished("a", attempt=2), ended())

    assert result.verdict is Verdict.PASSED


@pytest.mark.parametrize("outcome", [Outcome.XFAILED, Outcome.XPASSED])
def test_a_test_that_was_expected_to_fail_has_run(outcome: Outcome) -> None:
    assert judged(collected("a"), finished("a", outcome), ended()).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("verdict", "code", "exit_code"),
    [
        (Verdict.FAILED, "growth", ExitCode.FAILED),
        (Verdict.TIMED_OUT, "budget", ExitCode.FAILED),
        (Verdict.INFRA_ERROR, "spawn", ExitCode.INFRA_ERROR),
        (Verdict.CONFIG_ERROR, "usage", ExitCode.CONFIG_ERROR),
        (Verdict.NOTHING_RAN, "empty", ExitCode.NOTHING_RAN),
        (Verdict.REFUSED, "gate", ExitCode.REFUSED),
        (Verdict.STOPPED, "interrupted", ExitCode.INTERRUPTED),
        (Verdict.STOPPED, "terminated", ExitCode.TERMINATED),
        (Verdict.STOPPED, "something-else", ExitCode.INTERRUPTED),
    ],
)
def test_a_problem_of_the_run_itself_gives_its_verdict_and_its_exit_code(
    verdict: Verdict, code: str, exit_code: ExitCode
) -> None:
    result = judged(*GREEN, trouble(verdict, code, "because"))

    assert (result.verdict, result.exit_code) == (verdict, exit_code)
    assert result.reason == "because"


def test_a_problem_that_harms_nothing_changes_nothing() -> None:
    assert judged(*GREEN, trouble(Verdict.PASSED)).verdict is Verdict.PASSED


def test_a_problem_that_harms_nothing_explains_nothing() -> None:
    assert judged(*GREEN[:2], trouble(Verdict.PASSED)).verdict is Verdict.INFRA_ERROR


def test_a_problem_explains_what_did_not_run() -> None:
    result = judged(collected("a", "b"), finished("a"), ended(), trouble(Verdict.FAILED))

    assert (result.verdict, result.not_run) == (Verdict.FAILED, 1)


def test_only_a_stop_is_terminated() -> None:
    result = judged(*GREEN, trouble(Verdict.INFRA_ERROR, "terminated"))

    assert result.exit_code is ExitCode.INFRA_ERROR


PRECEDENCE = [
    Verdict.CONFIG_ERROR,
    Verdict.REFUSED,
    Verdict.STOPPED,
    Verdict.INFRA_ERROR,
    Verdict.TIMED_OUT,
    Verdict.FAILED,
    Verdict.NOTHING_RAN,
    Verdict.PASSED,
]


@given(st.permutations(PRECEDENCE), st.integers(1, len(PRECEDENCE)))
def test_the_gravest_problem_wins_in_whatever_order_they_came(
    order: list[Verdict], number: int
) -> None:
    result = judged(*GREEN, *(trouble(verdict) for verdict in order[:number]))

    assert result.verdict is min(order[:number], key=PRECEDENCE.index)


def test_an_infrastructure_error_outweighs_a_failure_and_a_failure_an_empty_run() -> None:
    assert judged(*RED, trouble(Verdict.INFRA_ERROR)).exit_code is ExitCode.INFRA_ERROR
    assert judged(*RED, trouble(Verdict.NOTHING_RAN)).exit_code is ExitCode.FAILED


def test_a_session_that_ended_without_a_word_is_lost() -> None:
    result = judged(collected("a"), finished("a"))

    assert result.exit_code is ExitCode.INFRA_ERROR
    assert result.reason == "session lost: it ended without saying how"


def test_a_lost_session_outweighs_the_failures_it_had() -> None:
    assert judged(collected("a"), failed("a")).verdict is Verdict.INFRA_ERROR


def test_a_problem_explains_why_a_session_did_not_end() -> None:
    result = judged(collected("a"), finished("a"), trouble(Verdict.TIMED_OUT, "budget"))

    assert result.verdict is Verdict.TIMED_OUT


def test_planned_tests_that_never_ran_without_a_reason_are_an_infrastructure_error() -> None:
    result = judged(collected("a", "b", "c"), finished("a"), ended())

    assert result.verdict is Verdict.INFRA_ERROR
    assert result.reason == "2 of the planned tests never ran"
    assert (result.complete, result.not_run) == (False, 2)


def test_a_failure_may_stop_a_run_early_which_then_is_incomplete() -> None:
    result = judged(collected("a", "b"), failed("a"), ended(1))

    assert result.verdict is Verdict.FAILED
    assert (result.complete, result.not_run) == (False, 1)


def test_a_stopped_run_is_stopped_however_little_ran() -> None:
    result = judged(collected("a", "b"), trouble(Verdict.STOPPED, "interrupted"))

    assert result.exit_code is ExitCode.INTERRUPTED
    assert result.not_run == 2


def test_a_run_that_never_planned_anything_is_not_complete() -> None:
    assert not judged(ended(3)).complete


@pytest.mark.parametrize(
    ("pytest_exit", "exit_code", "reason"),
    [
        (0, ExitCode.PASSED, ""),
        (1, ExitCode.FAILED, "no test failed, but pytest exited 1: a plugin was not content"),
        (2, ExitCode.INTERRUPTED, "pytest was interrupted"),
        (3, ExitCode.INFRA_ERROR, "pytest had an internal error"),
        (4, ExitCode.CONFIG_ERROR, "pytest could not follow its command line"),
        (5, ExitCode.FAILED, "no test failed, but pytest exited 5: a plugin was not content"),
        (77, ExitCode.FAILED, "no test failed, but pytest exited 77: a plugin was not content"),
    ],
)
def test_tests_that_passed_do_not_hide_what_pytest_itself_says(
    pytest_exit: int, exit_code: ExitCode, reason: str
) -> None:
    result = judged(collected("a"), finished("a"), ended(pytest_exit))

    assert (result.exit_code, result.reason) == (exit_code, reason)


@pytest.mark.parametrize("pytest_exit", [0, 1, 2, 5, 77])
def test_a_failure_is_the_reason_whatever_pytest_exited_with(pytest_exit: int) -> None:
    result = judged(collected("a"), failed("a"), ended(pytest_exit))

    assert (result.verdict, result.reason) == (Verdict.FAILED, "")


@pytest.mark.parametrize(
    ("pytest_exit", "verdict"), [(3, Verdict.INFRA_ERROR), (4, Verdict.CONFIG_ERROR)]
)
def test_a_failure_does_not_hide_that_pytest_itself_broke(
    pytest_exit: int, verdict: Verdict
) -> None:
    assert judged(collected("a"), failed("a"), ended(pytest_exit)).verdict is verdict


def test_a_budget_explains_that_pytest_was_interrupted() -> None:
    result = judged(*GREEN[:2], ended(2), trouble(Verdict.TIMED_OUT, "budget"))

    assert result.verdict is Verdict.TIMED_OUT


EMPTY: dict[str, tuple[Event, ...]] = {
    "no test was found": (collected(), ended(5)),
    "every test was skipped": (collected("a"), finished("a", Outcome.SKIPPED), ended()),
    "no test was selected: 3 deselected": (collected(deselected=3), ended(5)),
    "no test was selected: 6 withheld, 3 deselected": (
        collected(
            withheld=[
                Withheld(
                    tier="slow", count=4, reason="not selected", open_with="handrail run slow"
                ),
                Withheld(tier="soak", count=2, reason="never"),
            ],
            deselected=3,
        ),
        ended(5),
    ),
    "no test ran": (ended(5),),
}


@pytest.mark.parametrize("reason", EMPTY)
def test_a_run_in_which_no_test_was_executed_has_not_passed(reason: str) -> None:
    result = judged(*EMPTY[reason])

    assert (result.verdict, result.exit_code) == (Verdict.NOTHING_RAN, ExitCode.NOTHING_RAN)
    assert result.reason == reason


@pytest.mark.parametrize("reason", EMPTY)
def test_an_empty_run_passes_where_that_is_allowed(reason: str) -> None:
    assert judged(*EMPTY[reason], allow_empty=True).verdict is Verdict.PASSED


GATED = Withheld(
    tier="chaos", count=1, reason="gate", gate="destructive", open_with="handrail allow"
)
NEVER_HERE = Withheld(tier="soak", count=2, reason="never runs on local machines")
NOT_NAMED = Withheld(tier="slow", count=3, reason="not selected", open_with="handrail run slow")
NO_TIER = Withheld(tier=None, count=1, reason="in no tier")


@pytest.mark.parametrize(
    ("withheld", "code"),
    [
        ([GATED], 5),
        ([NEVER_HERE], 5),
        ([GATED, NEVER_HERE], 5),
        ([GATED, NOT_NAMED], 4),
        ([NOT_NAMED], 4),
        ([NO_TIER], 4),
        ([], 4),
    ],
)
def test_a_run_whose_every_test_is_locked_away_is_refused(
    withheld: list[Withheld], code: int
) -> None:
    assert judged(collected(withheld=withheld), ended(5)).exit_code == code


def test_a_run_of_skipped_tests_is_not_refused() -> None:
    events = (collected("a", withheld=[GATED]), finished("a", Outcome.SKIPPED), ended())

    assert judged(*events).verdict is Verdict.NOTHING_RAN


def test_one_executed_test_is_enough_beside_skipped_ones() -> None:
    result = judged(collected("a", "b"), finished("a", Outcome.SKIPPED), finished("b"), ended())

    assert result.verdict is Verdict.PASSED


@given(st.lists(st.sampled_from(list(Outcome)), max_size=6), st.integers(0, 6), st.booleans())
def test_a_run_passes_only_if_pytest_was_content_and_no_test_was_bad(
    outcomes: list[Outcome], pytest_exit: int, allow_empty: bool
) -> None:
    tests = [str(index) for index in range(len(outcomes))]
    events = [finished(test, each) for test, each in zip(tests, outcomes, strict=True)]

    result = judged(collected(*tests), *events, ended(pytest_exit), allow_empty=allow_empty)

    executed = [each for each in outcomes if each is not Outcome.SKIPPED]
    is_content = pytest_exit == 0 or (pytest_exit == 5 and not executed)
    should_pass = (
        is_content and not any(each.is_bad for each in outcomes) and bool(executed or allow_empty)
    )
    assert (result.exit_code == 0) == should_pass
    assert (result.verdict is Verdict.PASSED) == should_pass


FLAKY = (collected("a"), failed("a"), finished("a", attempt=2), ended())
SLOW = (
    replace(collected("a", "b", "c"), usual_s=(1.0, 0.01, -1.0)),
    *(
        replace(finished(name), duration_s=seconds)
        for name, seconds in (("a", 3.1), ("b", 0.4), ("c", 9.0))
    ),
    ended(),
)


@pytest.mark.parametrize(
    ("word", "events", "reason"),
    [
        ("flaky", FLAKY, "1 test was flaky, and --fail-on says flaky"),
        ("slow", SLOW, "1 test was slow, and --fail-on says slow"),
    ],
)
def test_what_the_caller_wants_to_count_as_a_failure_does(
    word: str, events: tuple[Event, ...], reason: str
) -> None:
    asked = judge(fold([replace(STARTED, fail_on=(word,)), *events]))

    assert (asked.verdict, asked.exit_code, asked.reason) == (Verdict.FAILED, 1, reason)
    assert judged(*events).verdict is Verdict.PASSED
    assert judge(fold([replace(STARTED, fail_on=(word,)), *GREEN])).verdict is Verdict.PASSED
