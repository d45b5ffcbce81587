"""Whether tests save the files that begin them again."""

import pytest

from handrail.core.loops import Saved, written_by_tests


def saves(*moments: float, files: str = "gen.py") -> list[Saved]:
    return [Saved(frozenset(files.split()), each) for each in moments]


def test_the_same_file_at_the_same_moment_of_three_rounds_is_the_work_of_tests() -> None:
    assert written_by_tests(saves(2.0, 2.1, 1.9)) == {"gen.py"}


def test_twice_may_be_an_accident() -> None:
    assert written_by_tests(saves(2.0, 2.0)) == frozenset()


@pytest.mark.parametrize("moments", [(2.0, 9.0, 4.0), (0.1, 0.2, 0.8), (20.0, 27.0, 20.0)])
def test_whoever_saves_at_moments_of_their_own_is_a_person(moments: tuple[float, ...]) -> None:
    assert written_by_tests(saves(*moments)) == frozenset()


@pytest.mark.parametrize("moments", [(0.1, 0.2, 0.6), (20.0, 24.9, 20.0)])
def test_no_two_rounds_are_equally_quick(moments: tuple[float, ...]) -> None:
    assert written_by_tests(saves(*moments)) == {"gen.py"}


def test_only_the_last_rounds_count() -> None:
    assert written_by_tests(saves(9.0, 1.0, 1.0, 1.0)) == {"gen.py"}
    assert written_by_tests(saves(1.0, 1.0, 1.0, 9.0)) == frozenset()


def test_a_file_that_was_saved_in_one_of_them_only_is_not_theirs() -> None:
    mixed = [*saves(1.0, 1.0, files="gen.py"), *saves(1.0, files="gen.py edited.py")]

    assert written_by_tests(mixed) == {"gen.py"}
    assert written_by_tests([*mixed, *saves(1.0, files="edited.py")]) == frozenset()
