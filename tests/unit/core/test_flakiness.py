from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.flakiness import (
    Certainty,
    assess,
    evidence,
    failure_rate,
    flakiest,
    wilson,
)

outcomes = st.lists(
    st.sampled_from(["passed", "failed", "error", "skipped", "xfailed"]), max_size=60
)
attempts = st.lists(
    st.tuples(st.sampled_from(["passed", "failed", "error", "skipped"]), st.sampled_from("abc")),
    max_size=40,
)


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_a_rate_lies_in_its_interval_between_nought_and_one(bad: list[bool]) -> None:
    rate, low, high = failure_rate(bad)

    assert 0 <= low <= rate <= high <= 1


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_ends_of_an_interval_are_where_the_normal_test_just_holds(bad: int, more: int) -> None:
    count = bad + more
    rate = bad / count

    for end in wilson(rate, count):
        deviation = abs(rate - end)
        just = 1.959963984540054 * (end * (1 - end) / count) ** 0.5
        assert deviation == pytest.approx(just, abs=1e-9)


@given(st.integers(1, 300))
def test_tests_that_never_failed_take_a_short_way_to_the_same_answer(count: int) -> None:
    weights = [0.5 ** (age / 50.0) for age in range(count)]
    effective = sum(weights) ** 2 / sum(each * each for each in weights)

    rate, low, high = failure_rate([False] * count)

    assert (rate, low) == (0.0, 0.0)
    assert high == pytest.approx(wilson(0.0, effective)[1])


def test_a_recent_failure_weighs_more_than_an_old_one() -> None:
    recent, _, _ = failure_rate([True] + [False] * 49)
    old, _, _ = failure_rate([False] * 49 + [True])

    assert recent > 1 / 50 > old


@given(attempts)
def test_proof_is_a_pass_and_a_failure_of_one_code(found: list[tuple[str, str]]) -> None:
    ran = [(outcome, code) for outcome, code in found if outcome != "skipped"]
    oracle = {
        code
        for code in "abc"
        if {outcome == "passed" for outcome, each in ran if each == code} == {True, False}
    }

    said = assess("t", [outcome for outcome, _ in found], [code for _, code in found])

    assert set(said.proofs) == oracle
    assert (said.certainty is Certainty.PROVEN) == bool(oracle)


@given(outcomes)
def test_without_proof_it_takes_three_changes(found: list[str]) -> None:
    ran = [each in {"failed", "error"} for each in found if each != "skipped"]
    changes = sum(one != other for one, other in pairwise(ran))

    said = assess("t", found, [f"c{number}" for number in range(len(found))])

    assert said.is_flaky == (changes >= 3)
    assert said.failures == sum(ran)
    assert said.attempts == len(ran)


def test_equal_words_that_mean_nothing_prove_nothing() -> None:
    said = assess("t", ["passed", "failed"], ["", ""])

    assert said.certainty is Certainty.UNLIKELY


def test_proven_ones_come_first_then_those_that_fail_most_for_certain() -> None:
    proven = assess("proven", ["passed"] * 20 + ["failed"], ["a"] * 21)
    often = assess("often", ["passed", "failed"] * 4, list("abcdefgh"))
    seldom = assess(
        "seldom", ["passed"] * 20 + ["failed", "passed", "failed"], [str(n) for n in range(23)]
    )
    broken = assess("broken", ["failed"], ["a"])

    assert [each.test for each in flakiest([broken, seldom, often, proven])] == [
        "proven",
        "often",
        "seldom",
    ]


@pytest.mark.parametrize(
    ("outcomes", "codes", "said"),
    [
        ([], [], "never ran"),
        (["passed"], ["a"], "0 of 1 attempt failed"),
        (["failed", "passed"], ["a", "b"], "1 of 2 attempts failed, at 2 codes"),
        (
            ["failed", "passed"],
            ["a", "a"],
            "1 of 2 attempts failed; passed and failed at the same code (a)",
        ),
        (
            ["failed", "passed", "failed", "passed"],
            ["a", "a", "b", "b"],
            "2 of 4 attempts failed, at 2 codes; passed and failed at the same code twice (a, b)",
        ),
        (
            ["failed", "passed"] * 4,
            list("aabbccdd"),
            (
                "4 of 8 attempts failed, at 4 codes; "
                "passed and failed at the same code 4 times (a, b, c, ...)"
            ),
        ),
        (
            ["failed", "passed", "failed", "passed"],
            list("abcd"),
            "2 of 4 attempts failed, at 4 codes; went back and forth 3 times",
        ),
    ],
)
def test_the_evidence_in_words(outcomes: list[str], codes: list[str], said: str) -> None:
    assert evidence(assess("t", outcomes, codes)) == said
