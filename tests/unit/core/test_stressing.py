"""Which variation makes a test fail: rates, intervals, and what chance alone would do."""

from fractions import Fraction
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from handrail.core.chance import chance_of
from handrail.core.stressing import Tally, Variation, guilty, helpful, turn

VARIATIONS = (Variation.NONE, Variation.ORDER, Variation.CPU)


def tally(variation: Variation, runs: int, failures: int) -> Tally:
    return Tally(variation=variation, runs=runs, failures=failures)


def test_variations_take_turns() -> None:
    assert [turn(VARIATIONS, n) for n in range(5)] == [*VARIATIONS, *VARIATIONS[:2]]


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_the_chance_is_that_of_all_ways_to_spread_the_failures(a: int, b: int, data) -> None:
    x, y = data.draw(st.integers(0, a)), data.draw(st.integers(0, b))
    ways = [way for way in product([0, 1], repeat=a + b) if sum(way) == x + y]
    as_bad = [way for way in ways if sum(way[:a]) >= x]

    found = chance_of(x, a, y, b)

    assert abs(found - Fraction(len(as_bad), len(ways))) < 1e-12


def test_what_fails_far_more_often_than_plain_runs_is_guilty_the_worst_first() -> None:
    found = guilty(
        [
            tally(Variation.NONE, 20, 0),
            tally(Variation.CPU, 20, 8),
            tally(Variation.ORDER, 20, 20),
            tally(Variation.SLOW_IO, 20, 1),
        ]
    )

    assert found == (Variation.ORDER, Variation.CPU)


def test_a_test_that_fails_anyway_accuses_nothing() -> None:
    assert guilty([tally(Variation.NONE, 20, 10), tally(Variation.CPU, 20, 12)]) == ()
    assert guilty([tally(Variation.CPU, 20, 12)]) == ()


def test_a_variation_with_which_it_fails_less_makes_a_difference_too() -> None:
    tallies = [tally(Variation.NONE, 20, 20), tally(Variation.HASH_SEED, 20, 8)]

    assert (guilty(tallies), helpful(tallies)) == ((), (Variation.HASH_SEED,))


def test_rates_have_intervals() -> None:
    low, high = tally(Variation.CPU, 20, 5).interval

    assert low < tally(Variation.CPU, 20, 5).rate == 0.25 < high
    assert tally(Variation.CPU, 0, 0).interval == (0.0, 1.0)
