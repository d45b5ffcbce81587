"""What rounds of ``--watch`` tell about the tests, and what is run next."""

import pytest
from made_events import collected, collection_failed, failed, finished, log, problem

from handrail.core.affected import EVERYTHING, Selection
from handrail.core.folding import fold
from handrail.core.rounds import (
    Known,
    new_modules,
    passed,
    says_what_to_install,
    still_done,
)
from handrail.model.events import Event
from handrail.model.records import RunRecord

A, B, C = "t/test_a.py::test_a", "t/test_b.py::test_b", "t/test_c.py::test_c"
KNOWN = Known(
    modules=frozenset({"t/test_a.py", "t/test_b.py", "t/test_c.py"}),
    failed=frozenset({A, B}),
    broken=frozenset({"t/test_c.py"}),
)


def told(*events: Event) -> RunRecord:
    return fold(log(*events))


def bad(test: str) -> Event:
    return failed(test, problem())


def test_a_round_of_everything_tells_what_everything_is() -> None:
    record = told(collected(A, B), finished(A), bad(B), collection_failed("t/test_d.py"))

    assert KNOWN.after(record, is_everything=True) == Known(
        modules=frozenset({"t/test_a.py", "t/test_b.py", "t/test_d.py"}),
        failed=frozenset({B}),
        broken=frozenset({"t/test_d.py"}),
    )


def test_a_round_of_some_modules_leaves_the_others_as_they_were() -> None:
    known = KNOWN.after(told(collected(A), finished(A)), is_everything=False)

    assert known == Known(
        modules=KNOWN.modules, failed=frozenset({B}), broken=frozenset({"t/test_c.py"})
    )


def test_a_module_that_could_be_collected_is_broken_no_more() -> None:
    known = KNOWN.after(told(collected(C), finished(C)), is_everything=False)

    assert known.broken == frozenset()


def test_a_test_that_its_module_has_no_longer_has_not_failed() -> None:
    other = "t/test_b.py::test_other"

    known = KNOWN.after(told(collected(other), finished(other)), is_everything=False)

    assert known.failed == {A}


def test_a_round_that_was_cut_off_while_it_collected_tells_what_is_broken() -> None:
    known = KNOWN.after(told(collection_failed("t/test_d.py")), is_everything=True)

    assert known.modules == KNOWN.modules
    assert known.broken == {"t/test_c.py", "t/test_d.py"}


def test_of_what_is_bad_the_tests_are_run_or_whole_modules_if_one_is_broken() -> None:
    whole = Known(modules=KNOWN.modules, failed=KNOWN.failed)

    assert (whole.bad_modules, whole.bad_tests) == ({"t/test_a.py", "t/test_b.py"}, {A, B})
    assert (KNOWN.bad_modules, KNOWN.bad_tests) == (KNOWN.modules, frozenset())


def test_nothing_is_known_of_a_module_that_is_gone() -> None:
    known = KNOWN.changed(new={"t/test_d.py"}, gone={"t/test_a.py", "t/test_c.py"})

    assert known == Known(modules=frozenset({"t/test_b.py", "t/test_d.py"}), failed=frozenset({B}))


def test_what_a_save_does_not_affect_need_not_be_done_again() -> None:
    assert still_done({A, B}, Selection(frozenset({"t/test_a.py"}))) == {B}
    assert still_done({A, B}, EVERYTHING) == frozenset()
    assert passed(told(collected(A, B), finished(A), bad(B))) == {A}


@pytest.mark.parametrize(
    ("path", "is_new"),
    [
        ("t/test_new.py", True),
        ("t/new_test.py", True),
        ("t/new.py", False),
        ("t/test_new.txt", False),
        ("elsewhere/test_new.py", False),
        ("test_new.py", False),
    ],
)
def test_a_new_test_module_is_one_that_lies_beside_others(path: str, is_new: bool) -> None:
    assert new_modules([path], KNOWN.modules) == ({path} if is_new else set())


@pytest.mark.parametrize(
    ("path", "does"),
    [
        ("pyproject.toml", True),
        ("uv.lock", True),
        ("requirements-dev.txt", True),
        ("docs/requirements.txt", False),
        ("notes.txt", False),
        ("sub/pyproject.toml", False),
    ],
)
def test_what_the_project_requires_stands_in_few_files(path: str, does: bool) -> None:
    assert says_what_to_install(path) is does
