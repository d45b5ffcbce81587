"""Which shard runs which test: each exactly once, about equally long, the same as tests are added."""

import random
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.core.scheduling import MODULE_BOND
from handrail.core.shards import EVEN, Sharded, collection_of, part, shares
from handrail.model.shards import Shard, count_of, parse_shard

MODULES = st.lists(
    st.tuples(
        st.integers(1, 12),  # tests
        st.booleans(),  # shares a fixture of the module
        st.floats(0.0, 20.0, allow_nan=False),  # seconds of each test
        st.integers(0, 12),  # tests that were recorded
    ),
    min_size=1,
    max_size=25,
)


def suite(modules: list[tuple[int, bool, float, int]]) -> tuple[list[Sharded], dict[str, float]]:
    tests, seconds = [], {}
    for number, (count, is_whole, each_s, recorded) in enumerate(modules):
        for test in range(count):
            name = f"test_{number}.py::test_{test}"
            tests.append(Sharded(name=name, bond=MODULE_BOND if is_whole else ""))
            if test < recorded:
                seconds[name] = each_s * (1 + test % 3)
    return tests, seconds


def loads(found: Mapping[str, int], seconds: Mapping[str, float], of: int) -> list[float]:
    took = dict.fromkeys(range(1, of + 1), 0.0)
    for name, number in found.items():
        took[number] += max(0.0001, seconds[name])
    return list(took.values())


def large(modules: int, seed: int = 1) -> tuple[list[Sharded], dict[str, float]]:
    """A suite as they are: some modules long, most short, a third of them indivisible."""
    chance = random.Random(seed)
    made = [
        (chance.randint(1, 40), chance.random() < 0.3, chance.lognormvariate(-4, 1.5), 40)
        for _ in range(modules)
    ]
    return suite(made)


@given(MODULES, st.integers(1, 9))
def test_every_test_is_in_exactly_one_shard(
    modules: list[tuple[int, bool, float, int]], of: int
) -> None:
    tests, seconds = suite(modules)

    parts = [part(tests, seconds, Shard(number=n + 1, of=of)) for n in range(of)]

    times = Counter(name for each in parts for name in each.names)
    assert times == Counter(test.name for test in tests)


@given(MODULES, st.integers(1, 9), st.randoms())
def test_the_order_in_which_tests_are_found_changes_nothing(
    modules: list[tuple[int, bool, float, int]], of: int, chance: random.Random
) -> None:
    tests, seconds = suite(modules)
    shuffled = chance.sample(tests, len(tests))

    assert shares(shuffled, seconds, of) == shares(tests, seconds, of)


@given(MODULES, st.integers(1, 9))
def test_tests_that_share_a_fixture_of_their_module_stay_together(
    modules: list[tuple[int, bool, float, int]], of: int
) -> None:
    tests, seconds = suite(modules)

    found = shares(tests, seconds, of)

    where: dict[str, set[int]] = {}
    for test in tests:
        if test.bond:
            where.setdefault(test.module, set()).add(found[test.name])
    assert all(len(numbers) == 1 for numbers in where.values())


def test_tests_that_share_a_fixture_of_their_class_stay_together() -> None:
    tests = [
        Sharded(name=f"test_a.py::TestIt::test_{n}", bond="test_a.py::TestIt") for n in range(9)
    ] + [Sharded(name=f"test_a.py::test_{n}") for n in range(9)]

    found = shares(tests, {test.name: 1.0 for test in tests}, 2)

    assert len({found[test.name] for test in tests if test.bond}) == 1
    assert set(found.values()) == {1, 2}


@given(MODULES, st.integers(2, 9))
def test_shards_differ_by_the_longest_piece_or_are_even(
    modules: list[tuple[int, bool, float, int]], of: int
) -> None:
    tests, seconds = suite([(count, whole, each_s, count) for count, whole, each_s, _ in modules])

    took = loads(shares(tests, seconds, of), seconds, of)

    pieces: Counter[str] = Counter()
    for test in tests:
        pieces[test.module if test.bond else test.name] += max(0.0001, seconds[test.name])  # type: ignore[assignment]
    longest = max(pieces.values())
    assert max(took) - min(took) <= max(EVEN * sum(took) / of, longest) * (1 + 1e-6)


@pytest.mark.parametrize("of", [2, 3, 5, 8, 16])
@pytest.mark.parametrize("seed", range(5))
def test_shards_of_a_large_suite_are_within_five_per_cent(of: int, seed: int) -> None:
    tests, seconds = large(400, seed)
    whole: Counter[str] = Counter()
    for test in tests:
        if test.bond:
            whole[test.module] += seconds[test.name]  # type: ignore[assignment]
    share = sum(seconds.values()) / of

    took = loads(shares(tests, seconds, of), seconds, of)

    if max(whole.values()) < share * EVEN:
        assert max(took) - min(took) <= EVEN * share
    assert max(took) <= max(share * (1 + EVEN), share + max(whole.values()))


@given(MODULES, st.integers(1, 9), st.lists(st.integers(0, 30), min_size=1, max_size=4))
def test_a_test_that_is_added_moves_none_that_was_recorded(
    modules: list[tuple[int, bool, float, int]], of: int, places: list[int]
) -> None:
    tests, seconds = suite([(count, whole, each_s, count) for count, whole, each_s, _ in modules])
    before = shares(tests, seconds, of)
    bonds = {test.module: test.bond for test in tests}
    new = [
        Sharded(name=f"test_{place}.py::test_new_{n}", bond=bonds.get(f"test_{place}.py", ""))
        for n, place in enumerate(places)
    ]

    after = shares([*tests, *new], seconds, of)

    assert {name: after[name] for name in before} == before


def test_without_recorded_times_a_test_that_is_added_moves_few() -> None:
    tests, _ = large(200)
    before = shares(tests, {}, 5)
    moved = []
    for number in range(0, 200, 10):
        bond = next(test.bond for test in tests if test.module == f"test_{number}.py")
        new = Sharded(name=f"test_{number}.py::test_new", bond=bond)
        after = shares([*tests, new], {}, 5)
        moved.append(sum(after[name] != before[name] for name in before) / len(tests))

    assert sum(moved) / len(moved) < 0.1


def test_without_recorded_times_shards_have_equally_many_tests() -> None:
    tests, _ = large(200)

    counts = Counter(shares(tests, {}, 5).values())

    assert max(counts.values()) - min(counts.values()) <= EVEN * len(tests) / 5


def test_a_new_test_counts_as_the_median_of_its_module() -> None:
    recorded = {f"test_slow.py::test_{n}": 10.0 for n in range(4)} | {
        f"test_quick.py::test_{n}": 0.1 for n in range(4)
    }
    tests = [Sharded(name=name) for name in recorded]
    new = [Sharded(name="test_slow.py::test_new"), Sharded(name="test_quick.py::test_new")]

    found = shares([*tests, *new], recorded, 2)

    assert found["test_slow.py::test_new"] != 0
    slow = Counter(number for name, number in found.items() if "slow" in name)
    assert sorted(slow.values()) == [2, 3]


@given(MODULES)
def test_a_collection_counts_its_tests_and_differs_when_one_is_renamed(
    modules: list[tuple[int, bool, float, int]],
) -> None:
    tests, _ = suite(modules)
    names = [test.name for test in tests]
    renamed = [*names[:-1], names[-1] + "_again"]

    assert count_of(collection_of(names)) == len(names)
    assert collection_of(reversed(names)) == collection_of(names)
    assert collection_of(renamed) != collection_of(names)


def test_a_shard_is_read_as_it_is_written() -> None:
    assert parse_shard("2/5") == Shard(number=2, of=5)
    assert str(Shard(number=2, of=5)) == "2/5"


@pytest.mark.parametrize("text", ["", "2", "0/5", "6/5", "1/0", "-1/5", "a/5", "1/5/2", "1/1001"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_shard(text)


@settings(max_examples=20)
@given(st.integers(1, 1000))
def test_one_shard_is_everything(count: int) -> None:
    tests = [Sharded(name=f"test_{n % 7}.py::test_{n}") for n in range(count)]

    assert set(shares(tests, {}, 1).values()) == {1}
