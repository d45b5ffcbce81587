"""Names of runs."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from handrail.runs.naming import ALPHABET, new_run_id


@given(st.integers())
def test_an_id_has_four_characters_that_nobody_confuses(seed: int) -> None:
    run_id = new_run_id([], Random(seed))

    assert len(run_id) == 4
    assert set(run_id) <= set(ALPHABET)
    assert not set(run_id) & set("0o1li")


def test_the_random_source_decides_the_id() -> None:
    assert new_run_id([], Random(7)) == new_run_id([], Random(7))
    assert new_run_id([], Random(7)) != new_run_id([], Random(8))


def test_an_id_that_is_taken_is_not_given_again() -> None:
    first = new_run_id([], Random(7))

    assert new_run_id([first], Random(7)) != first


def test_ids_grow_when_the_short_ones_are_used_up() -> None:
    class EveryShortId:
        def __contains__(self, candidate: object) -> bool:
            return len(str(candidate)) < 5

    assert len(new_run_id(EveryShortId(), Random(7))) == 5  # type: ignore[arg-type]
