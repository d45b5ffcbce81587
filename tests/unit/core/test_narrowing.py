"""What runs after the others, and what several machines have told of one selection."""

import pytest

from handrail.core.narrowing import later, reasons, told_once
from handrail.core.scheduling import MODULE_BOND
from handrail.model.events import Narrowed, Note, Reason, Verified

TESTS = [
    ("a.py::1", ""),
    ("a.py::2", ""),
    ("a.py::C::3", "C"),
    ("a.py::C::4", "C"),
    ("b.py::5", ""),
]


@pytest.mark.parametrize(
    ("unaffected", "expected"),
    [
        (set(), set()),
        ({"a.py::1", "b.py::5", "gone.py::6"}, {"a.py::1", "b.py::5"}),
        ({"a.py::1", "a.py::C::3"}, {"a.py::1"}),
        ({"a.py::C::3", "a.py::C::4"}, {"a.py::C::3", "a.py::C::4"}),
    ],
)
def test_what_no_change_affects_runs_later_unless_a_mate_of_its_fixture_is_affected(
    unaffected: set[str], expected: set[str]
) -> None:
    assert later(TESTS, unaffected) == expected


def test_a_module_with_a_fixture_of_its_own_is_not_cut() -> None:
    tests = [("a.py::1", ""), ("a.py::2", MODULE_BOND), ("b.py::3", "")]

    assert later(tests, {"a.py::1", "b.py::3"}) == {"b.py::3"}
    assert later(tests, {"a.py::1", "a.py::2"}) == {"a.py::1", "a.py::2"}


def test_each_reason_is_said_once() -> None:
    assert reasons([("a", "x changed"), ("b", "y changed"), ("c", "x changed")]) == (
        Reason(reason="x changed", tests=("a", "c")),
        Reason(reason="y changed", tests=("b",)),
    )


def test_what_shards_have_told_is_told_once() -> None:
    x = Reason(reason="x changed", tests=("a", "b"))
    first = Narrowed(at=1.0, affected=(x,), unaffected=3)
    second = Narrowed(at=2.0, affected=(x, Reason(reason="y", tests=("c",))), unaffected=2)
    verified = [Verified(at=8.0, rest=2, missed=("d",)), Verified(at=9.0, rest=1)]

    found = told_once([first, Note(at=3.0, text="t"), second, *verified])

    assert found == [
        Narrowed(at=1.0, affected=(x, Reason(reason="y", tests=("c",))), unaffected=2),
        Verified(at=9.0, rest=3, missed=("d",)),
    ]


def test_where_one_machine_runs_everything_nothing_is_left_out() -> None:
    some = Narrowed(at=1.0, affected=(Reason(reason="x", tests=("a",)),), unaffected=3)
    every = Narrowed(at=2.0, because="nothing was recorded yet")

    (found,) = told_once([some, every])

    assert found == Narrowed(at=1.0, because="nothing was recorded yet")
