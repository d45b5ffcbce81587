"""Events become a record: every test counts once, and every event costs the same."""

import time
import timeit
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import STARTED, collected, collection_failed, ended, failed, finished, log, problem

from handrail.core.folding import Folding, flaky, fold, is_bad, last_attempts, not_run
from handrail.model.events import Event, Note, Progress, RunFinished, Running, WorkerLost
from handrail.model.outcomes import Outcome, Verdict

outcomes = st.sampled_from(list(Outcome))
attempts = st.lists(st.tuples(st.sampled_from("abcd"), outcomes), max_size=30)


def test_a_log_without_a_start_is_not_a_run() -> None:
    with pytest.raises(ValueError, match="RunStarted"):
        fold([finished("a")])


def test_a_record_holds_every_event_in_its_order() -> None:
    lost = WorkerLost(at=102.5, worker="w1", reason="killed")
    note = Note(at=102.6, text="look")
    over = RunFinished(at=105.0, verdict=Verdict.FAILED, exit_code=1)
    events = [collected("a", "b"), collection_failed(), finished("b"), failed("a"), lost, note]

    record = fold([*log(*events), ended(1), over])

    assert record.started is STARTED
    assert record.collected is events[0]
    assert record.collection_failures == (events[1],)
    assert record.finished == (events[2], events[3])
    assert record.lost_workers == (lost,)
    assert record.notes == (note,)
    assert record.session == ended(1)
    assert record.ended is over
    assert record.last_at == 105.0


def test_a_run_has_lasted_until_its_latest_event_even_if_that_came_out_of_order() -> None:
    record = fold(log(finished("a", at=130.0), finished("b", at=110.0)))

    assert record.elapsed_s == 30.0


def test_a_test_counts_as_its_outcome_unless_pytest_counts_it_otherwise() -> None:
    both = {"passed": 1, "error": 1}

    record = fold(log(finished("a"), finished("b", Outcome.ERROR, counts=both), finished("c")))

    assert record.counts == {"passed": 3, "error": 1}


def test_a_module_that_cannot_be_collected_counts_as_one_error() -> None:
    record = fold(log(collection_failed("x.py"), collection_failed("y.py")))

    assert record.counts == {"error": 2}


def test_a_retried_test_counts_once_by_its_last_attempt() -> None:
    record = fold(log(failed("a"), finished("a", attempt=2)))

    assert record.counts == {"passed": 1}


def test_an_attempt_that_is_amended_is_one_attempt() -> None:
    first, other = finished("a"), finished("b")
    amended = replace(
        finished("a", Outcome.ERROR, counts={"passed": 1, "error": 1}), is_amended=True
    )

    record = fold([STARTED, collected("a", "b"), first, other, amended])

    assert record.finished == (other, amended)
    assert record.counts == {"passed": 2, "error": 1}


def test_an_earlier_attempt_that_is_heard_of_late_changes_nothing() -> None:
    record = fold(log(finished("a", attempt=2), failed("a", attempt=1)))

    assert record.counts == {"passed": 1}
    assert last_attempts(record)["a"].attempt == 2


@given(attempts)
def test_counts_are_those_of_the_last_attempts_whatever_came_before(
    tried: list[tuple[str, Outcome]],
) -> None:
    tries = {"a": 0, "b": 0, "c": 0, "d": 0}
    events: list[Event] = []
    for test, outcome in tried:
        tries[test] += 1
        events.append(finished(test, outcome, attempt=tries[test]))

    record = fold(log(*events))

    last = [each.outcome.value for each in last_attempts(record).values()]
    assert record.counts == {word: last.count(word) for word in set(last)}
    assert sum(record.counts.values()) == sum(number > 0 for number in tries.values())


@given(attempts)
def test_the_cheap_view_agrees_with_the_record(tried: list[tuple[str, Outcome]]) -> None:
    folding = Folding()
    for event in log(collected(*"abcd"), *(finished(test, outcome) for test, outcome in tried)):
        folding.add(event)

    standing, record = folding.progress(), folding.record()

    last = last_attempts(record)
    assert standing.counts == record.counts
    assert standing.done == len(last)
    assert standing.total == record.total == 4
    assert {each.test for each in folding.outline().finished} == {
        test for test, each in last.items() if is_bad(each)
    }
    assert all(last[each.test] is each for each in folding.outline().finished)
    assert standing.bad == len(folding.outline().finished)


def test_a_view_is_not_changed_by_what_happens_later() -> None:
    folding = Folding()
    for event in log(finished("a")):
        folding.add(event)
    standing = folding.progress()
    record = folding.record()

    folding.add(failed("b"))

    assert standing.counts == record.counts == {"passed": 1}


def test_modules_that_cannot_be_collected_are_among_the_bad() -> None:
    folding = Folding()
    for event in log(collection_failed(), failed("a")):
        folding.add(event)

    assert folding.progress().bad == 2


def test_a_test_runs_until_it_finishes() -> None:
    folding = Folding()
    running = tuple(Running(test=test, for_s=1.0, worker="w") for test in "ab")
    for event in log(Progress(at=102.0, running=running), finished("a")):
        folding.add(event)

    assert [each.test for each in folding.progress().running] == ["b"]
    assert folding.progress().running_at == 102.0
    assert folding.record().running == folding.progress().running


@pytest.mark.parametrize(
    "end", [ended(), RunFinished(at=105.0, verdict=Verdict.PASSED, exit_code=0)]
)
def test_nothing_runs_once_the_session_or_the_run_is_over(end: Event) -> None:
    folding = Folding()
    running = (Running(test="a", for_s=1.0, worker="w"),)
    for event in log(Progress(at=102.0, running=running), end):
        folding.add(event)

    assert folding.progress().running == ()


def test_the_total_is_unknown_before_collection_ended() -> None:
    folding = Folding()
    folding.add(STARTED)

    assert folding.progress().total is None


@pytest.mark.parametrize(
    ("first", "last", "is_flaky"),
    [
        (Outcome.FAILED, Outcome.PASSED, True),
        (Outcome.ERROR, Outcome.XPASSED, True),
        (Outcome.FAILED, Outcome.FAILED, False),
        (Outcome.FAILED, Outcome.SKIPPED, False),
        (Outcome.PASSED, Outcome.PASSED, False),
        (Outcome.PASSED, Outcome.FAILED, False),
    ],
)
def test_flaky_means_passed_after_a_bad_attempt(
    first: Outcome, last: Outcome, is_flaky: bool
) -> None:
    record = fold(log(finished("a", first, problem()), finished("a", last, attempt=2)))

    found = flaky(record)

    assert [(each.test, each.attempt, each.failed.attempt) for each in found] == (
        [("a", 2, 1)] if is_flaky else []
    )


def test_what_did_not_run_is_what_was_planned_without_an_attempt() -> None:
    record = fold(log(collected("a", "b", "b", "c"), failed("a")))

    assert not_run(record) == ("b", "c")


def test_nothing_is_missing_where_nothing_was_planned() -> None:
    assert not_run(fold(log(finished("a")))) == ()


def test_a_pass_with_an_error_in_teardown_is_bad() -> None:
    assert is_bad(finished("a", Outcome.PASSED, counts={"passed": 1, "error": 1}))
    assert not is_bad(finished("a", Outcome.PASSED, counts={"passed": 1, "subtests": 2}))


def folded(tests: int) -> Folding:
    folding = Folding()
    folding.add(STARTED)
    folding.add(collected(*(str(each) for each in range(tests))))
    for each in range(tests):
        folding.add(finished(str(each)))
    return folding


def test_asking_for_progress_costs_the_same_in_a_large_run() -> None:
    small, large = folded(200), folded(20_000)

    ratio = _best_s(large.progress) / _best_s(small.progress)

    assert ratio < 20  # 100 if it looked at every test


def test_the_cost_of_an_event_does_not_depend_on_how_many_came_before() -> None:
    ratio = _best_s(lambda: folded(8000)) / _best_s(lambda: folded(800))

    assert ratio < 40  # 10 where it is linear, 100 where it is quadratic


def _best_s(action: Callable[[], object]) -> float:
    return min(timeit.repeat(action, timer=time.process_time, number=1, repeat=5))
