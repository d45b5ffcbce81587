"""Two looks at a process, compared."""

from hypothesis import given
from hypothesis import strategies as st

from handrail.core.leaks import changes, leftovers, rebased, shown
from handrail.model.leftovers import Area

looks = st.dictionaries(
    st.tuples(st.sampled_from([Area.GLOBAL, Area.THREAD]), st.sampled_from("abcd")),
    st.integers(0, 2),
)


@given(looks, looks)
def test_exactly_what_differs_is_named(before, after) -> None:
    named = set(changes(before, after))

    assert named == {
        key for key in {*before, *after} if before.get(key, "gone") != after.get(key, "gone")
    }


@given(looks, looks, looks)
def test_what_somebody_else_changed_is_not_held_against_the_test(base, before, after) -> None:
    own = set(changes(base, before))
    others = set(changes(before, after))

    found = set(changes(rebased(base, before, after), after))

    assert found == own - others


def test_a_change_shows_both_values_briefly() -> None:
    one = {(Area.GLOBAL, "shop:ITEMS"): ("list", 1, ("tea",))}
    other = {(Area.GLOBAL, "shop:ITEMS"): ("list", 6, ("tea", "milk", "a", "b", "c", "d"))}

    (found,) = leftovers(one, other)

    assert found.text == (
        "module global shop.ITEMS: ['tea'] -> ['tea', 'milk', 'a', 'b', ... 2 more]"
    )


def test_a_print_is_shown_as_what_it_stands_for() -> None:
    assert shown(("dict", 1, (("a", ("list", 3, ())),))) == "{'a': [3 items]}"
    assert shown(("Cart", 1234)) == "<Cart>"
    assert shown("x" * 100) == "'" + "x" * 56 + "..."
