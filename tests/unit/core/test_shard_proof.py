"""Shards, put together, must have run every test exactly once; what is wrong is told by name."""

from made_events import STARTED, collection_failed, ended, failed, finished, problem

from handrail.core.folding import fold
from handrail.core.merging import merge
from handrail.core.shards import Sharded, collection_of, shares
from handrail.core.verdicts import Judgement, judge
from handrail.frozen import replace
from handrail.model.events import Collected, Event
from handrail.model.outcomes import Verdict
from handrail.model.records import RunRecord

TESTS = tuple(f"test_{n % 4}.py::test_{n}" for n in range(20))


def shard(
    number: int,
    of: int = 3,
    tests: tuple[str, ...] = TESTS,
    *,
    seconds: dict[str, float] | None = None,
) -> list[Event]:
    """What one machine did."""
    found = shares([Sharded(name=each) for each in tests], seconds or {}, of)
    mine = tuple(each for each in tests if found[each] == number)
    name = f"{number}/{of}"
    started = replace(STARTED, run_id=f"run{number}", shard=name, selection=(f"--shard {name}",))
    collected = Collected(at=101.0, tests=mine, whole=collection_of(tests), shared_by="count")
    return [started, collected, *(finished(each) for each in mine), ended(0)]


def merged(*logs: list[Event]) -> tuple[RunRecord, Judgement]:
    record = fold(merge(logs, "mrgd"))
    return record, judge(record)


def told(*logs: list[Event]) -> list[str]:
    """The problems; none of them leaves a green verdict."""
    record, judgement = merged(*logs)
    assert judgement.verdict is Verdict.INFRA_ERROR
    return [each.message for each in record.problems]


def test_all_shards_are_one_run_that_says_so() -> None:
    record, judgement = merged(shard(1), shard(2), shard(3))

    assert judgement.verdict is Verdict.PASSED
    assert record.total == len(TESTS)
    assert record.started.shard == "1-3/3"
    assert record.started.selection == ()
    assert [each.text for each in record.notes] == [
        "3 shards: each of 20 tests was given to exactly one of them"
    ]


def test_a_shard_that_is_missing_is_named() -> None:
    assert told(shard(1), shard(3)) == ["shard 2/3 is missing: its tests did not run"]


def test_a_shard_that_is_there_twice_is_named_with_its_runs() -> None:
    again = [replace(shard(1)[0], run_id="more"), *shard(1)[1:]]

    said = told(shard(1), again, shard(2), shard(3))

    assert said[0] == "shard 1/3 is there 2 times: runs run1, more"
    assert said[1].startswith("more than one shard was given test_")


def test_shards_of_different_builds_are_refused() -> None:
    assert told(shard(1, 2), shard(2, 3)) == [
        "these are not shards of one build: shard 1/2 (run run1), shard 2/3 (run run2)"
    ]


def test_a_shard_that_found_other_tests_is_told_with_the_module() -> None:
    other = (*TESTS, "test_2.py::test_more")

    said = told(shard(1), shard(2, tests=other), shard(3))

    assert said[0] == (
        "shard 1/3 (run run1) and shard 2/3 (run run2) found different tests in test_2.py"
    )


def test_shards_that_were_equal_by_other_times_overlap_or_lack_tests() -> None:
    seconds = {test: 1.0 + n for n, test in enumerate(TESTS)}

    said = told(shard(1), shard(2, seconds=seconds), shard(3))

    assert any("more than one shard was given" in each for each in said)
    assert any("no shard was given some tests of" in each for each in said)


def test_a_shard_that_ended_before_it_had_found_its_tests_is_named() -> None:
    [started, *_] = shard(2)

    said = told(shard(1), [started, ended(3)], shard(3))

    assert "shard 2/3 (run run2) ended before it had found its tests" in said


def test_a_failure_in_one_shard_is_the_failure_of_all() -> None:
    events = [failed(each.test, problem()) if hasattr(each, "test") else each for each in shard(2)]

    assert merged(shard(1), events, shard(3))[1].verdict is Verdict.FAILED


def test_a_module_that_no_shard_could_collect_is_one_failure() -> None:
    logs = [[*shard(n)[:2], collection_failed(), *shard(n)[2:]] for n in (1, 2, 3)]

    record, judgement = merged(*logs)

    assert judgement.verdict is Verdict.FAILED
    assert len(record.collection_failures) == 1


def test_a_shard_without_a_test_is_no_mistake() -> None:
    logs = [shard(n, 3, TESTS[:1]) for n in (1, 2, 3)]

    assert [judge(fold(log)).verdict for log in logs] == [Verdict.PASSED] * 3
    assert merged(*logs)[1].verdict is Verdict.PASSED


def test_shards_of_two_pythons_are_two_builds() -> None:
    def on(python: str, number: int) -> list[Event]:
        started, *rest = shard(number, 2)
        return [replace(started, env={"python": python}), *rest]

    said = told(on("3.11", 1), on("3.11", 2), on("3.13", 1))

    assert said == ["shard 2/2 is missing: its tests did not run"]
