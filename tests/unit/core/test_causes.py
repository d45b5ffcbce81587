"""Failures are grouped by where and how they arose, never by what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import collection_failed, failed, finished, log, problem

from handrail.core.causes import Label, causes, first_seen, label, labels
from handrail.core.folding import fold, is_bad, last_attempts
from handrail.model.outcomes import Outcome, Phase, Problem, ProblemKind

problems = st.builds(
    problem,
    st.sampled_from(["TypeError", "KeyError"]),
    st.tuples(st.sampled_from(["a.py", "b.py"]), st.integers(1, 2)),
    message=st.text(max_size=3),
    phase=st.sampled_from(list(Phase)),
)
failures = st.lists(st.lists(problems, max_size=3), max_size=8)


def test_tests_that_fail_in_the_same_place_share_a_cause() -> None:
    record = fold(log(failed("a", problem(message="1")), failed("b", problem(message="2"))))

    (cause,) = causes(record)

    assert cause.tests == ("a", "b")
    assert cause.problem.message == "1"
    assert cause.count == 2


@pytest.mark.parametrize(
    "other",
    [
        problem("KeyError"),
        problem(where=("b.py", 3)),
        problem(where=("a.py", 4)),
        problem(phase=Phase.SETUP),
        problem(kind=ProblemKind.TIMEOUT),
        problem(chain=("OSError: gone",)),
    ],
    ids=["exception", "file", "line", "phase", "kind", "chain"],
)
def test_a_difference_in_anything_but_the_message_is_another_cause(other: Problem) -> None:
    record = fold(log(failed("a", problem()), failed("b", other)))

    assert len(causes(record)) == 2


def test_chains_are_compared_by_their_types() -> None:
    one, other = (
        problem(chain=("OSError: 1", "KeyError: x")),
        problem(chain=("OSError", "KeyError")),
    )

    assert len(causes(fold(log(failed("a", one), failed("b", other))))) == 1


def test_what_costs_most_tests_comes_first_then_what_was_seen_first() -> None:
    early, wide, late = problem("A"), problem("B"), problem("C")
    record = fold(log(failed("1", early), failed("2", wide), failed("3", late), failed("4", wide)))

    found = causes(record)

    assert [(each.id, each.problem.exception) for each in found] == [
        ("F1", "B"),
        ("F2", "A"),
        ("F3", "C"),
    ]


def test_a_module_that_cannot_be_collected_is_a_cause() -> None:
    (cause,) = causes(fold(log(collection_failed("broken.py"))))

    assert cause.tests == ("broken.py",)
    assert cause.problem.kind is ProblemKind.COLLECTION


def test_a_test_that_passed_in_the_end_has_no_cause() -> None:
    record = fold(log(failed("a", problem()), finished("a", attempt=2)))

    assert causes(record) == ()


def test_only_the_last_attempt_explains_a_failure() -> None:
    record = fold(log(failed("a", problem("Old")), failed("a", problem("New"), attempt=2)))

    assert [each.problem.exception for each in causes(record)] == ["New"]


def test_an_expected_failure_has_no_cause() -> None:
    assert causes(fold(log(finished("a", Outcome.XFAILED, problem())))) == ()


def test_a_failure_without_an_explanation_is_not_lost() -> None:
    (cause,) = causes(fold(log(failed("a"))))

    assert cause.tests == ("a",)
    assert cause.problem.message == "no explanation was recorded"


def test_a_test_that_fails_twice_in_one_way_is_named_once() -> None:
    (cause,) = causes(fold(log(failed("a", problem(), problem()))))

    assert cause.tests == ("a",)
    assert cause.count == 2


@given(failures)
def test_the_tests_of_all_causes_are_exactly_the_bad_ones(found: list[list[Problem]]) -> None:
    record = fold(log(*(failed(str(index), *each) for index, each in enumerate(found))))

    named = {test for cause in causes(record) for test in cause.tests}

    assert named == {each.test for each in last_attempts(record).values() if is_bad(each)}


@given(failures)
def test_causes_come_largest_first_and_are_numbered(found: list[list[Problem]]) -> None:
    result = causes(fold(log(*(failed(str(index), *each) for index, each in enumerate(found)))))

    sizes = [len(each.tests) for each in result]
    assert sizes == sorted(sizes, reverse=True)
    assert [each.id for each in result] == [f"F{number}" for number in range(1, len(result) + 1)]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], Label.NEW),
        (["passed", "passed"], Label.NEW),
        (["skipped", "passed"], Label.NEW),
        (["skipped"], Label.NEW),
        (["failed"], Label.KNOWN),
        (["error", "failed", "passed"], Label.KNOWN),
        (["skipped", "failed", "passed"], Label.KNOWN),
        (["passed", "failed"], Label.FLAKY),
        (["failed", "passed", "failed"], Label.FLAKY),
        (["xfailed", "xpassed", "passed"], Label.NEW),
    ],
)
def test_a_label_tells_what_earlier_runs_say(outcomes: list[str], expected: Label) -> None:
    assert label(outcomes) is expected


def test_a_cause_is_new_as_soon_as_one_of_its_tests_is() -> None:
    found = causes(fold(log(failed("a", problem()), failed("b", problem()))))

    known = {"a": ["failed"], "b": ["passed", "failed"]}

    assert labels(found, {}) == {"F1": Label.NEW}
    assert labels(found, known) == {"F1": Label.KNOWN}
    assert labels(found, known | {"b": ["passed"]}) == {"F1": Label.NEW}
    assert labels(found, known | {"a": ["passed", "failed"]}) == {"F1": Label.FLAKY}


@pytest.mark.parametrize(
    ("outcomes", "commits", "expected"),
    [
        ([], [], "here"),
        (["passed", "failed"], ["b", "a"], "a"),
        (["failed", "failed", "passed"], ["c", "b", "a"], "b"),
        (["failed", "skipped", "error"], ["c", "b", "a"], "a"),
        (["failed", "passed", "failed"], ["c", "b", "a"], "a"),
        (["failed"], [""], "here"),
        (["passed", "passed"], ["b", "a"], "here"),
    ],
)
def test_a_failure_was_first_seen_where_it_began(
    outcomes: list[str], commits: list[str], expected: str
) -> None:
    assert first_seen(outcomes, commits, "here") == expected
