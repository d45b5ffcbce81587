"""What is left of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import STARTED, collected, collection_failed, failed, finished, problem

from handrail.core.causes import causes
from handrail.core.folding import fold, not_run
from handrail.core.remaining import NoSuchCauseError, Remaining, find_cause, remaining
from handrail.model.events import Event
from handrail.model.outcomes import Outcome

OUTCOMES = st.sampled_from([*Outcome, None])


def left(
    *events: Event, names: tuple[str, ...] = (), before: frozenset[str] = frozenset()
) -> Remaining:
    record = fold([STARTED, *events])
    return remaining(record, causes(record), names, before)


def test_what_failed_or_did_not_run_is_left() -> None:
    found = left(
        collected("a::ok", "a::bad", "a::skipped", "a::never"),
        finished("a::ok"),
        failed("a::bad", problem()),
        finished("a::skipped", Outcome.SKIPPED),
    )

    assert found.done == {"a::ok", "a::skipped"}
    assert not found.only


def test_a_test_that_passed_in_the_end_is_done() -> None:
    found = left(
        collected("a::t"), failed("a::t", problem(), attempt=1), finished("a::t", attempt=2)
    )

    assert found.done == {"a::t"}


def test_what_was_done_before_stays_done() -> None:
    found = left(collected("a::t"), finished("a::t"), before=frozenset({"b::t"}))

    assert found.done == {"a::t", "b::t"}


def test_nothing_of_a_module_that_broke_is_done() -> None:
    found = left(collected("a.py::t", "b.py::t"), finished("a.py::t"), collection_failed("a.py"))

    assert found.done == set()


def test_one_cause_means_its_tests_and_the_rest_is_left_for_later() -> None:
    here, there = problem(where=("a.py", 1)), problem(where=("b.py", 2))
    events = (
        collected("a::1", "a::2", "b::1", "c::ok"),
        failed("a::1", here),
        failed("a::2", here),
        failed("b::1", there),
        finished("c::ok"),
    )

    found = left(*events, names=("F1",))

    assert found.only == {"a::1", "a::2"}
    assert found.done == {"c::ok"}
    assert left(*events, names=("f2", "a::2")).only == {"a::1", "a::2", "b::1"}


@pytest.mark.parametrize(
    ("events", "text"),
    [
        (
            [failed("a::t", problem())],
            (
                "error: the run has no failure F9 [no-such-cause]\n  its failures: F1\n\n"
                "hint: handrail report"
            ),
        ),
        (
            [failed(f"{n}::t", problem(where=(f"{n}.py", 1))) for n in range(4)],
            (
                "error: the run has no failure F9 [no-such-cause]\n  its failures: F1, ..., F4\n\n"
                "hint: handrail report"
            ),
        ),
        ([], "error: the run has no failure F9 [no-such-cause]\n  nothing failed in it"),
    ],
)
def test_a_cause_that_is_not_there_is_told_with_those_that_are(
    events: list[Event], text: str
) -> None:
    record = fold([STARTED, *events])

    with pytest.raises(NoSuchCauseError) as caught:
        find_cause("F9", causes(record))

    assert caught.value.text() == text


@given(st.dictionaries(st.sampled_from("abcdefgh"), OUTCOMES), st.sets(st.sampled_from("xyz")))
def test_every_planned_test_is_either_done_or_bad_or_did_not_run(
    outcomes: dict[str, Outcome | None], before: set[str]
) -> None:
    ran = [finished(test, each) for test, each in outcomes.items() if each is not None]
    record = fold([STARTED, collected(*outcomes), *ran])

    found = remaining(record, causes(record), (), frozenset(before))

    bad = {each.test for each in ran if each.outcome in {Outcome.FAILED, Outcome.ERROR}}
    assert found.done - before == set(outcomes) - bad - set(not_run(record))
    assert before <= found.done
