"""What every History promises, said once for the real one and for the fake."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from handrail.frozen import replace
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.ports.history import History, RunRow, Seen
from handrail.store.memory_history import MemoryHistory
from handrail.store.sqlite_history import SqliteHistory


@pytest.fixture(params=["memory", "sqlite"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    if request.param == "memory":
        return MemoryHistory()
    return SqliteHistory(tmp_path / "history.db")


def run(
    run_id: str = "7k2f",
    *,
    seconds: float = 5.0,
    verdict: str = "passed",
    tiers: str = "fast",
    workers: int = 4,
    commit: str = "c0ffee",
    is_dirty: bool = False,
    is_partial: bool = False,
    selection: str = "",
    services: str = "",
    is_apart: bool = False,
) -> RunRow:
    return RunRow(
        run_id=run_id,
        started_at=100.0,
        ended_at=100.0 + seconds,
        verdict=verdict,
        tiers=tiers,
        workers=workers,
        python="3.11.7",
        commit=commit,
        is_dirty=is_dirty,
        is_partial=is_partial,
        selection=selection,
        services=services,
        is_apart=is_apart,
    )


def attempt(
    test: str = "t.py::a", outcome: Outcome = Outcome.PASSED, seconds: float = 1.0
) -> TestFinished:
    return TestFinished(at=101.0, test=test, outcome=outcome, duration_s=seconds)


def took(*seconds: float) -> Sequence[TestFinished]:
    return [attempt(seconds=each) for each in seconds]


def test_a_new_history_knows_nothing(history: History) -> None:
    assert dict(history.durations()) == {}
    assert history.last_failed() == frozenset()
    assert dict(history.seen(["t.py::a"])) == {}
    assert history.usual_run_s("fast", 4) is None
    assert list(history.runs()) == []


def test_the_usual_duration_is_the_median_of_the_attempts(history: History) -> None:
    history.save(run(), took(3.0, 1.0, 2.0))

    assert dict(history.durations()) == {"t.py::a": 2.0}


def test_of_two_durations_in_the_middle_the_longer_is_usual(history: History) -> None:
    history.save(run(), took(1.0, 2.0))

    assert dict(history.durations()) == {"t.py::a": 2.0}


def test_one_time_out_does_not_change_the_usual_duration(history: History) -> None:
    history.save(run(), took(1.0, 1.0, 1.0, 1.0))
    history.save(run(), [attempt(outcome=Outcome.FAILED, seconds=60.0)])

    assert dict(history.durations()) == {"t.py::a": 1.0}


def test_attempts_older_than_the_last_five_do_not_count(history: History) -> None:
    history.save(run(), took(9.0, 9.0, 9.0, 9.0, 9.0))
    history.save(run(), took(1.0, 1.0, 1.0))

    assert dict(history.durations()) == {"t.py::a": 1.0}


def test_a_skip_does_not_change_the_usual_duration(history: History) -> None:
    history.save(run(), took(9.0))
    history.save(run(), [attempt(outcome=Outcome.SKIPPED, seconds=0.0)] * 5)

    assert dict(history.durations()) == {"t.py::a": 9.0}


def test_a_test_that_was_only_skipped_takes_as_long_as_its_last_skip(history: History) -> None:
    history.save(run(), [attempt(outcome=Outcome.SKIPPED, seconds=each) for each in (0.2, 0.1)])

    assert dict(history.durations()) == {"t.py::a": 0.1}


def test_the_first_real_attempt_replaces_the_skips(history: History) -> None:
    history.save(run(), [attempt(outcome=Outcome.SKIPPED, seconds=0.0)] * 3)
    history.save(run(), took(4.0))

    assert dict(history.durations()) == {"t.py::a": 4.0}


def test_a_test_failed_last_if_its_newest_attempt_was_bad(history: History) -> None:
    history.save(
        run(),
        [
            attempt("t.py::failed", Outcome.FAILED),
            attempt("t.py::error", Outcome.ERROR),
            attempt("t.py::xfailed", Outcome.XFAILED),
            attempt("t.py::passed", Outcome.PASSED),
        ],
    )

    assert history.last_failed() == {"t.py::failed", "t.py::error"}


def test_a_pass_after_a_failure_in_the_same_run_counts(history: History) -> None:
    history.save(run(), [attempt(outcome=Outcome.FAILED), attempt(outcome=Outcome.PASSED)])

    assert history.last_failed() == frozenset()


def test_a_pass_in_a_later_run_counts(history: History) -> None:
    history.save(run(), [attempt(outcome=Outcome.FAILED)])
    history.save(run(), [attempt(outcome=Outcome.PASSED)])

    assert history.last_failed() == frozenset()


def test_a_run_without_a_test_says_nothing_about_it(history: History) -> None:
    history.save(run(), [attempt(outcome=Outcome.FAILED)])
    history.save(run(), [attempt("t.py::other")])

    assert history.last_failed() == {"t.py::a"}


def test_seen_shows_outcomes_and_commits_newest_first(history: History) -> None:
    history.save(run(commit="old"), [attempt(), attempt(outcome=Outcome.ERROR)])
    history.save(run(commit="new", is_dirty=True), [attempt(outcome=Outcome.FAILED)])

    assert dict(history.seen(["t.py::a"])) == {
        "t.py::a": Seen(
            outcomes=("failed", "error", "passed"),
            commits=("new", "old", "old"),
            dirty=(True, False, False),
            codes=("run=7k2f on 3.11.7", "old on 3.11.7", "old on 3.11.7"),
            services=("", "", ""),
        )
    }


def test_seen_shows_no_more_than_asked_for(history: History) -> None:
    history.save(run(), [attempt(), attempt(), attempt(outcome=Outcome.FAILED)])

    assert history.seen(["t.py::a"], last=2)["t.py::a"].outcomes == ("failed", "passed")


def test_seen_keeps_tests_apart_and_leaves_out_the_unknown(history: History) -> None:
    history.save(run(), [attempt("t.py::a"), attempt("t.py::b", Outcome.SKIPPED)])

    found = history.seen(["t.py::b", "t.py::never"])

    assert {test: seen.outcomes for test, seen in found.items()} == {"t.py::b": ("skipped",)}


def test_a_run_usually_takes_the_median_of_the_last_five_like_it(history: History) -> None:
    for seconds in (100.0, 100.0, 100.0, 1.0, 2.0, 3.0, 4.0, 5.0):
        history.save(run(seconds=seconds), [])

    assert history.usual_run_s("fast", 4) == 3.0


def test_runs_of_other_tiers_workers_or_tests_are_not_alike(history: History) -> None:
    history.save(run(tiers="slow"), [])
    history.save(run(workers=2), [])
    history.save(run(selection="-k order"), [])

    assert history.usual_run_s("fast", 4) is None


def test_a_run_that_was_narrowed_takes_what_such_runs_take(history: History) -> None:
    history.save(run(seconds=50.0), [])
    history.save(run(selection="tests/\udcff.py", seconds=2.0), [])

    assert history.usual_run_s("fast", 4, "tests/\udcff.py") == 2.0
    assert history.usual_run_s("fast", 4) == 50.0


def test_a_failed_run_is_complete_but_a_stopped_or_partial_one_is_not(history: History) -> None:
    history.save(run(verdict="failed", seconds=7.0), [])
    history.save(run(verdict="stopped", seconds=99.0), [])
    history.save(run(verdict="timed_out", seconds=99.0), [])
    history.save(run(is_partial=True, seconds=99.0), [])

    assert history.usual_run_s("fast", 4) == 7.0


def test_runs_come_back_whole_and_newest_first(history: History) -> None:
    first = run("aaaa", is_dirty=True)
    second = run("bbbb", is_partial=True, commit="", verdict="stopped", selection="-k é")

    history.save(first, [])
    history.save(second, [attempt()])

    assert list(history.runs()) == [second, first]
    assert list(history.runs(last=1)) == [second]


def test_ids_may_come_again_since_history_outlives_the_folders(history: History) -> None:
    history.save(run("7k2f"), [attempt()])
    history.save(run("7k2f"), [attempt()])

    assert [each.run_id for each in history.runs()] == ["7k2f", "7k2f"]


@pytest.mark.parametrize("test", ["t.py::a[\udcff]", "t.py::a[\x00b]", "t.py::ä[💥]", ""])
def test_any_text_is_a_node_id(history: History, test: str) -> None:
    history.save(run(), [attempt(test, Outcome.FAILED)])
    history.save(run(), [attempt(test, Outcome.FAILED)])

    assert dict(history.durations()) == {test: 1.0}
    assert history.last_failed() == {test}
    assert history.seen([test])[test].outcomes == ("failed", "failed")


def test_saving_says_nothing_when_all_is_well(history: History) -> None:
    assert history.save(run(), [attempt()]) == ""


def test_equal_changes_of_one_commit_are_the_same_code(history: History) -> None:
    for run_id, changes in (("r1", "aa11"), ("r2", "aa11"), ("r3", "bb22"), ("r4", "")):
        history.save(replace(run(run_id, is_dirty=True), changes=changes), [attempt()])

    (seen,) = history.seen(["t.py::a"]).values()

    assert seen.codes == (
        "run=r4 on 3.11.7",
        "c0ffee+bb22 on 3.11.7",
        "c0ffee+aa11 on 3.11.7",
        "c0ffee+aa11 on 3.11.7",
    )


def test_a_run_is_kept_with_where_it_ran_and_in_which_order(history: History) -> None:
    kept = replace(run(), machine="a-laptop", seed="42", changes="aa11")

    history.save(kept, [])

    assert list(history.runs()) == [kept]


def test_the_failing_ones_are_those_that_ever_failed(history: History) -> None:
    history.save(run(), [attempt("bad", Outcome.FAILED), attempt("good")])
    history.save(run(), [attempt("bad"), attempt("good")])

    assert {test: each.outcomes for test, each in history.failing().items()} == {
        "bad": ("passed", "failed")
    }


def test_skips_are_not_counted_as_attempts(history: History) -> None:
    history.save(run(), [attempt(), attempt(outcome=Outcome.SKIPPED)])
    history.save(run(), [attempt(outcome=Outcome.FAILED)])

    assert dict(history.attempts()) == {"t.py::a": 2}


def test_old_attempts_are_forgotten_and_what_is_known_of_the_test_is_not(history: History) -> None:
    history.save(run(), [attempt(outcome=Outcome.FAILED, seconds=3.0)])
    history.save(replace(run(), ended_at=900.0), [attempt("t.py::b")])

    assert history.forget(500.0) == 1
    assert history.forget(5000.0) == 0, "the newest run stays"

    assert dict(history.durations()) == {"t.py::a": 3.0, "t.py::b": 1.0}
    assert history.last_failed() == {"t.py::a"}
    assert dict(history.attempts()) == {"t.py::a": 1, "t.py::b": 1}
    assert set(history.seen(["t.py::a", "t.py::b"])) == {"t.py::b"}
    assert dict(history.failing()) == {}


def test_an_attempt_is_kept_with_what_the_services_of_its_run_came_from(history: History) -> None:
    history.save(run("aaaa", services="postgres=native"), [attempt()])
    history.save(run("bbbb", services="postgres=docker redis=url"), [attempt()])

    assert history.seen(["t.py::a"])["t.py::a"].services == (
        "postgres=docker redis=url",
        "postgres=native",
    )
    assert [each.services for each in history.runs()] == [
        "postgres=docker redis=url",
        "postgres=native",
    ]


def test_a_run_apart_is_seen_and_says_nothing_of_usual_runs(history: History) -> None:
    history.save(run("aaaa"), took(1.0))

    history.save(run("bbbb", is_apart=True), [attempt("t.py::a", Outcome.FAILED, 9.0)])

    assert history.seen(["t.py::a"])["t.py::a"].outcomes == ("failed", "passed")
    assert dict(history.attempts()) == {"t.py::a": 2}
    assert dict(history.durations()) == {"t.py::a": 1.0}
    assert history.last_failed() == frozenset()
    assert history.runs()[0].is_apart


def test_how_long_a_test_takes_that_only_runs_apart_came_to_is_not_known(history: History) -> None:
    history.save(run("aaaa", is_apart=True), [attempt("t.py::a", Outcome.FAILED, 9.0)])
    before = dict(history.durations())

    history.save(run("bbbb"), took(1.0))

    assert before == {}
    assert dict(history.durations()) == {"t.py::a": 1.0}
