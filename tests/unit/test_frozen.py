"""Dataclasses made quickly behave as those of the standard library."""

import copy
import dataclasses
import pickle
import pprint
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail import frozen

SHAPES = [
    {"frozen": is_frozen, "slots": slots, "kw_only": kw_only}
    for is_frozen in (False, True)
    for slots in (False, True)
    for kw_only in (False, True)
]


def pair(**shape: bool) -> tuple[Any, Any]:
    """The same class, made by the standard library and by us."""
    return tuple(made(module, **shape) for module in (dataclasses, frozen))


def made(module: Any, **shape: bool) -> Any:
    @module.dataclass(**shape)
    class Point:
        """Somewhere."""

        x: int
        y: int = 2
        notes: list[str] = module.field(default_factory=list)
        colour: str = module.field(default="red", compare=False)

        @property
        def total(self) -> int:
            return self.x + self.y

    return Point


def outcome(call: Callable[[], object]) -> object:
    """What a call returns, or the kind of what it raises."""
    try:
        return call()
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@given(
    positional=st.lists(st.integers(0, 3), max_size=4),
    named=st.dictionaries(st.sampled_from(["x", "y", "notes", "colour", "z"]), st.integers(0, 3)),
)
def test_it_takes_and_shows_the_same_arguments(
    shape: dict[str, bool], positional: list[int], named: dict[str, int]
) -> None:
    theirs, ours = pair(**shape)

    assert outcome(lambda: repr(ours(*positional, **named))) == outcome(
        lambda: repr(theirs(*positional, **named))
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@given(values=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.text("rb", max_size=1))))
def test_the_same_records_are_equal(
    shape: dict[str, bool], values: list[tuple[int, int, str]]
) -> None:
    theirs, ours = (
        [kind(x=x, y=y, notes=(), colour=colour) for x, y, colour in values]
        for kind in pair(**shape)
    )

    for mine, other in zip(ours, theirs, strict=True):
        assert [mine == each for each in ours] == [other == each for each in theirs]
        assert mine != other
        assert outcome(lambda: len({mine, *ours})) == outcome(lambda: len({other, *theirs}))  # noqa: B023


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_as_changeable_and_as_large(shape: dict[str, bool]) -> None:
    theirs, ours = (kind(x=1) for kind in pair(**shape))

    def change(record: Any) -> Callable[[], object]:
        return lambda: setattr(record, "x", 5)

    def forget(record: Any) -> Callable[[], object]:
        return lambda: delattr(record, "y")

    assert outcome(change(ours)) == outcome(change(theirs))
    assert outcome(forget(ours)) == outcome(forget(theirs))
    assert outcome(lambda: ours.x) == outcome(lambda: theirs.x)
    assert outcome(lambda: ours.y) == outcome(lambda: theirs.y)
    assert hasattr(ours, "__dict__") == hasattr(theirs, "__dict__") == (not shape["slots"])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_tools_of_the_standard_library_work_on_it(shape: dict[str, bool]) -> None:
    theirs, ours = pair(**shape)

    assert dataclasses.is_dataclass(ours)
    assert [each.name for each in dataclasses.fields(ours)] == ["x", "y", "notes", "colour"]
    assert dataclasses.asdict(ours(x=1)) == dataclasses.asdict(theirs(x=1))
    assert repr(dataclasses.replace(ours(x=1), y=7)) == repr(dataclasses.replace(theirs(x=1), y=7))
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__doc__ == theirs.__doc__
    assert ours.__qualname__ == theirs.__qualname__
    assert ours.__init__.__annotations__ == theirs.__init__.__annotations__


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_replace_changes_what_is_named(shape: dict[str, bool]) -> None:
    _, ours = pair(**shape)
    record = ours(x=1, notes=["a"])

    changed = frozen.replace(record, y=9)

    assert (changed.x, changed.y, changed.notes, changed.total) == (1, 9, ["a"], 10)
    assert record.y == 2
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        frozen.replace(record, z=1)


def test_a_default_that_can_change_is_made_for_each_record() -> None:
    _, ours = pair(frozen=True, slots=True, kw_only=False)

    ours(x=1).notes.append("a")

    assert ours(x=1).notes == []


def test_defaults_are_told() -> None:
    _, ours = pair(frozen=True, slots=True, kw_only=True)

    assert frozen.defaults_of(ours) == {
        "x": frozen.MISSING,
        "y": 2,
        "notes": [],
        "colour": "red",
    }


@frozen.dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One that is found by its name, as pickle wants it."""

    name: str
    inner: tuple["Sent", ...] = ()


def test_it_can_be_printed_prettily() -> None:
    point = made(frozen)(x=1)

    assert pprint.pformat([point]) == f"[{point!r}]"


def test_it_can_be_sent_and_copied() -> None:
    record = Sent(name="a", inner=(Sent(name="b"),))

    assert pickle.loads(pickle.dumps(record)) == record
    assert copy.deepcopy(record) == record


def test_fields_are_not_inherited() -> None:
    with pytest.raises(TypeError, match="Below inherits fields"):

        @frozen.dataclass(frozen=True)
        class Below(Sent):
            more: int = 0


def test_a_record_without_fields_is_equal_to_its_like() -> None:
    @frozen.dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())
    assert repr(Nothing()).endswith("Nothing()")
