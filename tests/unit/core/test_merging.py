"""Several runs as one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import STARTED, collected, collection_failed, ended, failed, finished, problem

from handrail.core.folding import fold, is_bad, last_attempts
from handrail.core.merging import merge
from handrail.core.verdicts import judge
from handrail.model.events import Event, Note, RunFinished, RunProblem, Withheld
from handrail.model.outcomes import Outcome, Verdict

GOOD = [STARTED, collected("a::1", "a::2"), finished("a::1"), finished("a::2"), ended(0)]
BAD = [STARTED, collected("b::1"), failed("b::1", problem()), ended(1)]


def verdict(*logs: list[Event]) -> Verdict:
    return judge(fold(merge(logs, "mrgd"))).verdict


def test_the_tests_of_all_runs_are_those_of_one() -> None:
    record = fold(merge([GOOD, BAD], "mrgd"))

    assert record.started.run_id == "mrgd"
    assert record.total == 3
    assert record.counts == {"passed": 2, "failed": 1}
    assert judge(record).complete


def test_one_bad_run_is_enough() -> None:
    assert verdict(GOOD) is Verdict.PASSED
    assert verdict(GOOD, BAD) is Verdict.FAILED
    assert verdict(BAD, GOOD) is Verdict.FAILED


def test_a_run_that_was_cut_off_makes_the_whole_incomplete_and_is_named() -> None:
    record = fold(merge([GOOD, BAD[:2]], "mrgd"))

    assert judge(record).verdict is Verdict.INFRA_ERROR
    assert [each.message for each in record.problems] == [
        "run 7k2f was cut off: its log has no end"
    ]


@pytest.mark.parametrize(
    ("expected", "problems"),
    [
        (None, []),
        (2, []),
        (3, [("runs-missing", "2 runs are there, and 3 were expected")]),
        (1, [("runs-too-many", "2 runs are there, and 1 were expected")]),
    ],
)
def test_another_number_of_runs_than_was_expected_is_never_a_pass(
    expected: int | None, problems: list[tuple[str, str]]
) -> None:
    record = fold(merge([GOOD, GOOD], "mrgd", expected=expected))

    assert [(each.code, each.message) for each in record.problems] == problems
    assert judge(record).verdict is (Verdict.INFRA_ERROR if problems else Verdict.PASSED)


def test_a_run_that_was_judged_without_its_session_is_not_cut_off_as_well() -> None:
    lost = RunProblem(at=103.0, verdict=Verdict.INFRA_ERROR, code="supervisor-lost", message="gone")
    judged = RunFinished(at=104.0, verdict=Verdict.INFRA_ERROR, exit_code=2)

    record = fold(merge([GOOD, [*BAD[:2], lost, judged]], "mrgd"))

    assert [each.code for each in record.problems] == ["supervisor-lost"]


def test_a_module_that_broke_anywhere_is_broken() -> None:
    assert verdict(GOOD, [STARTED, collection_failed("c.py"), ended(1)]) is Verdict.FAILED


@pytest.mark.parametrize("turned", [False, True])
def test_a_test_that_failed_in_one_of_two_runs_has_failed(turned: bool) -> None:
    passed = [STARTED, collected("a::1"), finished("a::1", at=200.0), ended(0)]
    broken = [STARTED, collected("a::1"), failed("a::1", problem()), ended(1)]

    record = fold(merge([broken, passed] if turned else [passed, broken], "mrgd"))

    assert record.counts == {"failed": 1}
    assert [each.text for each in record.notes] == [
        "1 tests ran in more than one of the merged runs: a::1"
    ]


def test_a_run_that_tried_more_often_does_not_hide_the_failure_of_another() -> None:
    stubborn = [
        STARTED,
        collected("a::1"),
        failed("a::1", problem(), attempt=1),
        finished("a::1", attempt=2),
        ended(0),
    ]
    broken = [STARTED, collected("a::1"), failed("a::1", problem()), ended(1)]

    assert verdict(stubborn) is Verdict.PASSED
    assert verdict(stubborn, broken) is Verdict.FAILED
    assert verdict(broken, stubborn) is Verdict.FAILED


def test_what_was_withheld_from_each_is_counted_once() -> None:
    withheld = Withheld(tier="chaos", count=6, reason="gate")
    logs = [[STARTED, collected(f"{n}::1", withheld=[withheld]), ended(5)] for n in "ab"]

    record = fold(merge(logs, "mrgd"))

    assert record.collected is not None
    assert record.collected.withheld == (withheld,)


@pytest.mark.parametrize("logs", [[], [[]], [GOOD, []], [GOOD[1:]]])
def test_what_is_no_run_cannot_be_merged(logs: list[list[Event]]) -> None:
    with pytest.raises(ValueError, match=r"run begins|empty"):
        merge(logs, "mrgd")


shards = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*Outcome]), min_size=1),
    min_size=1,
    max_size=4,
)


@given(shards)
def test_a_merged_run_is_as_bad_as_the_worst_of_each_test(
    shards: list[dict[str, Outcome]],
) -> None:
    logs: list[list[Event]] = [
        [STARTED, collected(*shard), *itertools.starmap(finished, shard.items()), ended(0)]
        for shard in shards
    ]

    record = fold(merge(logs, "mrgd"))

    bad = {test for test, each in last_attempts(record).items() if is_bad(each)}
    assert bad == {
        test
        for shard in shards
        for test, outcome in shard.items()
        if outcome in {Outcome.FAILED, Outcome.ERROR}
    }
    assert set(last_attempts(record)) == {test for shard in shards for test in shard}
    twice = {t for one, two in itertools.combinations(shards, 2) for t in one.keys() & two.keys()}
    assert bool([each for each in record.notes if isinstance(each, Note)]) == bool(twice)
