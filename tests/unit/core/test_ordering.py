"""A random order: repeatable, blind to what else is selected, and never through a shared fixture."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.ordering import Place, is_order, order_of, seed_of, shuffled, with_seed

folders = st.lists(st.sampled_from(["a", "b"]), max_size=2)
classes = st.sampled_from(["", "TestA::", "TestB::", "TestB::TestC::"])


@st.composite
def node_ids(draw: st.DrawFn) -> str:
    module = draw(st.sampled_from(["test_x.py", "test_y.py"]))
    name = draw(st.sampled_from(["test_1", "test_2", "test_3[a::b/c]"]))
    return f"{'/'.join([*draw(folders), module])}::{draw(classes)}{name}"


suites = st.lists(node_ids(), unique=True, max_size=30)
seeds = st.integers(0, 2**32)


def names(suite: list[str], seed: int) -> list[str]:
    return [suite[each] for each in shuffled([Place(each) for each in suite], seed)]


@given(suites, seeds, st.randoms(use_true_random=False))
def test_the_order_depends_on_names_alone(suite: list[str], seed: int, random) -> None:
    other = list(suite)
    random.shuffle(other)

    assert names(suite, seed) == names(other, seed)
    assert sorted(names(suite, seed)) == sorted(suite)


@given(suites, seeds, st.data())
def test_a_part_of_the_tests_is_in_the_order_of_the_whole(
    suite: list[str], seed: int, data
) -> None:
    part = [each for each in suite if data.draw(st.booleans())]

    assert names(part, seed) == [each for each in names(suite, seed) if each in part]


@given(suites, seeds)
def test_nothing_comes_between_tests_of_one_folder_module_or_class(
    suite: list[str], seed: int
) -> None:
    order = names(suite, seed)

    for prefix in {each[: n + 1] for each in suite for n in range(len(each)) if each[n] in "/:"}:
        runs = [key for key, _ in groupby(order, key=lambda each: each.startswith(prefix))]
        assert runs.count(True) == 1, prefix


@given(st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("rs")), max_size=20), seeds)
def test_tests_with_the_same_parameter_of_a_wide_fixture_stay_together(
    groups: list[tuple[str, str]], seed: int
) -> None:
    suite = [Place(f"test_a.py::TestA::test_{n}", group) for n, group in enumerate(groups)]

    order = [suite[each].groups for each in shuffled(suite, seed)]

    assert len([key for key, _ in groupby(order)]) == len(set(groups))
    assert len([key for key, _ in groupby(order, key=lambda each: each[0])]) == len(
        {outer for outer, _ in groups}
    )


def test_seeds_differ_and_each_level_is_shuffled() -> None:
    suite = [f"test_{m}.py::Test{c}::test_{t}" for m in "abcd" for c in "ABCD" for t in range(8)]

    orders = [names(suite, seed) for seed in range(20)]

    assert len({tuple(order) for order in orders}) == 20
    assert len({order[0].partition("::")[0] for order in orders}) == 4
    assert len({order[0].split("::")[1] for order in orders}) == 4
    assert len({order[0].split("::")[2] for order in orders}) == 8


@pytest.mark.parametrize("text", ["random", "random:0", "random:12345"])
def test_an_order_is_random_with_or_without_a_seed(text: str) -> None:
    assert is_order(text)


@pytest.mark.parametrize("text", ["", "reverse", "random:", "random:x", "random:-1", "random:²"])
def test_anything_else_is_no_order(text: str) -> None:
    assert not is_order(text)


def test_the_seed_that_was_drawn_is_written_into_the_command_line() -> None:
    assert with_seed(("run", "--order", "random", "x"), 7) == ("run", "--order", "random:7", "x")
    assert with_seed(("run", "--order=random"), 7) == ("run", "--order=random:7")
    assert with_seed(("run", "--order", "random:3"), 3) == ("run", "--order", "random:3")
    assert with_seed(("run", "random", "--", "--order=random"), 7) == (
        "run", "random", "--", "--order=random",
    )  # fmt: skip


def test_a_run_tells_the_order_that_makes_it_again() -> None:
    assert order_of({"seed": "12"}) == "random:12"
    assert order_of({}) == ""
    assert seed_of("random:12") == 12
    assert seed_of("random") is None
