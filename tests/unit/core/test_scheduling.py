"""Which tests a worker gets next: order, chunks, locks, homes, stealing."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.core.scheduling import (
    CHUNK_S,
    CHUNK_TESTS,
    FIRST_CHUNK,
    MODULE_BOND,
    Agenda,
    Hold,
    TestTraits,
    Unit,
    estimate_s,
    plan,
    take,
)

LOCK = frozenset({"port"})


def unit(key: int, size: int = 1, **rest: object) -> Unit:
    tests = tuple(range(key * 100_000, key * 100_000 + size))
    return replace(Unit(key=key, module=key, tests=tests), **rest)  # type: ignore[arg-type]


def holding(size: int, *, seconds: float, **rest: object) -> Agenda:
    """Worker 0 holds a unit of which ``size`` tests are left; one took ``seconds``."""
    whole = unit(0, size + 1, **rest)
    hold = Hold(unit=whole, rest=whole.tests[1:], count=1, seconds=seconds)
    return Agenda(pending=(), held={0: hold}, count=1, seconds=seconds)


# The plan.


def test_units_begin_failed_first_then_unknown_then_longest_and_serial_last() -> None:
    tests = {
        1: TestTraits(module=1, name="short"),
        2: TestTraits(module=2, name="long"),
        3: TestTraits(module=3, name="unknown"),
        4: TestTraits(module=4, name="alone", is_serial=True),
        5: TestTraits(module=5, name="failed"),
        6: TestTraits(module=6, name="unknown too"),
    }

    units = plan(
        tests,
        usual_s={"short": 1.0, "long": 2.0, "alone": 9.0, "failed": 0.1},
        failed=["failed"],
    )

    assert [each.tests for each in units] == [(5,), (3,), (6,), (2,), (1,), (4,)]


def test_tests_of_a_module_stay_together_unless_their_constraints_differ() -> None:
    tests = {
        1: TestTraits(module=1, name="a"),
        2: TestTraits(module=1, name="b", locks=LOCK),
        3: TestTraits(module=1, name="c"),
        4: TestTraits(module=1, name="d", is_serial=True),
        5: TestTraits(module=1, name="e", locks=LOCK),
    }

    units = plan(tests, usual_s={})

    assert [(each.tests, each.locks, each.is_serial) for each in units] == [
        ((1, 3), frozenset(), False),
        ((2, 5), LOCK, False),
        ((4,), frozenset(), True),
    ]


def test_tests_that_history_does_not_know_are_taken_to_be_as_long_as_their_mates() -> None:
    tests = {n: TestTraits(module=1, name=str(n)) for n in range(4)}

    (only,) = plan(tests, usual_s={"0": 1.0, "1": 3.0})

    assert only.usual_s == 8.0


def test_every_test_can_be_a_unit_of_its_own() -> None:
    tests = {n: TestTraits(module=1, name=str(n)) for n in range(3)}

    assert [each.tests for each in plan(tests, usual_s={}, is_split=True)] == [(0,), (1,), (2,)]


def test_what_runs_later_begins_when_all_else_has_serial_tests_too() -> None:
    tests = {
        1: TestTraits(module=1, name="a::later"),
        2: TestTraits(module=1, name="a::affected"),
        3: TestTraits(module=2, name="b::alone", is_serial=True),
    }
    units = plan(tests, usual_s={}, later={"a::later"})

    agenda, first = take(Agenda(pending=units), 0)
    agenda, none = take(agenda, 1)
    agenda, alone = take(agenda.release(0), 1)
    agenda, last = take(agenda.release(1), 0)

    assert none is None
    assert [each and each.tests for each in (first, alone, last)] == [(2,), (3,), (1,)]


def test_what_runs_later_goes_on_while_a_test_of_its_module_waits_to_be_tried_again() -> None:
    mate, again = unit(0, is_later=True), unit(0, is_again=True)

    _, taken = take(Agenda(pending=(again, mate)), 0)

    assert taken is not None
    assert taken.unit is mate


@given(
    st.dictionaries(
        st.integers(0, 99),
        st.builds(
            TestTraits,
            module=st.integers(0, 3),
            name=st.sampled_from("abcd"),
            locks=st.sampled_from([frozenset[str](), LOCK]),
            is_serial=st.booleans(),
        ),
    ),
    st.dictionaries(st.sampled_from("abcd"), st.floats(0, 10)),
    st.booleans(),
)
def test_a_plan_holds_every_test_once(
    tests: dict[int, TestTraits], usual_s: dict[str, float], is_split: bool
) -> None:
    units = plan(tests, usual_s=usual_s, failed="a", is_split=is_split)

    assert Counter(test for each in units for test in each.tests) == Counter(tests.keys())
    assert len({each.key for each in units}) == len(units)


# Chunks.


def test_the_first_chunk_is_small_while_nothing_is_known() -> None:
    _, taken = take(Agenda(pending=(unit(0, 50),)), 0)

    assert taken is not None
    assert taken.tests == unit(0, 50).tests[:FIRST_CHUNK]


@pytest.mark.parametrize(
    ("mean_s", "size"),
    [(CHUNK_S * 2, 1), (CHUNK_S, 1), (CHUNK_S / 2, 2), (CHUNK_S / 8, 8), (0.0, CHUNK_TESTS)],
)
def test_a_chunk_holds_as_many_tests_as_take_about_its_time(mean_s: float, size: int) -> None:
    agenda = holding(500, seconds=mean_s)

    _, taken = take(agenda, 0)

    assert taken is not None
    assert len(taken.tests) == size


def test_a_test_known_to_be_slow_ends_its_chunk() -> None:
    agenda = holding(10, seconds=0.0001)
    slow = agenda.held[0].rest[2]

    _, taken = take(replace(agenda, slow_s={slow: 1.0}), 0)

    assert taken is not None
    assert taken.tests == agenda.held[0].rest[:3]


def test_what_history_knows_sizes_the_first_chunk() -> None:
    _, taken = take(Agenda(pending=(unit(0, 64, usual_s=64 * CHUNK_S / 8),)), 0)

    assert taken is not None
    assert len(taken.tests) == 8


def test_chunks_hold_one_test_on_request() -> None:
    _, taken = take(replace(holding(50, seconds=0.0), hands_out_one=True), 0)

    assert taken is not None
    assert len(taken.tests) == 1


def test_a_worker_ends_what_it_holds_before_it_begins_another_unit() -> None:
    agenda, first = take(Agenda(pending=(unit(0, 6), unit(1))), 0)
    agenda, second = take(agenda, 0)
    _, third = take(agenda, 0)

    assert [each.unit.key for each in (first, second, third) if each] == [0, 0, 1]


def test_the_unit_that_a_test_belonged_to_learns_from_it_alone() -> None:
    agenda, _ = take(Agenda(pending=(unit(0, 6),)), 0)

    agenda = agenda.learn(0, 4, 8.0, 1)

    assert (agenda.held[0].count, agenda.held[0].seconds) == (1, 2.0)
    assert (agenda.count, agenda.seconds) == (4, 8.0)


# Constraints.


def test_units_that_share_a_lock_do_not_run_together_but_others_pass_them() -> None:
    agenda = Agenda(pending=(unit(0, locks=LOCK), unit(1, locks=LOCK), unit(2)))

    agenda, _ = take(agenda, 0)
    agenda, second = take(agenda, 1)
    _, third = take(agenda, 2)

    assert second is not None
    assert second.unit.key == 2
    assert third is None


def test_a_lock_is_free_again_when_its_last_test_is_finished() -> None:
    agenda, _ = take(Agenda(pending=(unit(0, locks=LOCK), unit(1, locks=LOCK))), 0)

    _, taken = take(agenda.release(0), 1)

    assert taken is not None
    assert taken.unit.key == 1


def test_nothing_is_released_while_something_is_left() -> None:
    agenda, _ = take(Agenda(pending=(unit(0, 50, locks=LOCK),)), 0)

    assert agenda.release(0) == agenda


def test_a_serial_unit_waits_for_all_others_and_lets_none_in() -> None:
    agenda = Agenda(pending=(unit(0), unit(1, is_serial=True)))
    agenda, _ = take(agenda, 0)

    _, early = take(agenda, 1)
    agenda, serial = take(agenda.release(0), 1)
    _, beside = take(replace(agenda, pending=(unit(2),)), 0)

    assert early is None
    assert serial is not None
    assert beside is None


# Homes.


def homed(homes: dict[int, set[int]], *units: Unit, collect_s: float = 1.0) -> Agenda:
    return Agenda(
        pending=units,
        homes={worker: frozenset(modules) for worker, modules in homes.items()},
        collect_s={each.module: collect_s for each in units},
    )


def test_a_worker_takes_what_it_has_collected_first() -> None:
    _, taken = take(homed({0: {0}, 1: {1}}, unit(0), unit(1)), 1)

    assert taken is not None
    assert taken.unit.key == 1


def test_what_its_owner_will_begin_soon_is_left_to_it() -> None:
    assert take(homed({0: {0}}, unit(0), collect_s=1.0), 1)[1] is None


def test_what_its_owner_is_too_busy_for_is_collected_again() -> None:
    busy = homed({0: {0, 1}}, unit(0, usual_s=5.0), unit(1, usual_s=5.0), collect_s=1.0)

    _, taken = take(busy, 1)

    assert taken is not None


def test_what_nobody_alive_has_collected_is_taken_by_anybody() -> None:
    agenda = homed({0: {0}}, unit(0), collect_s=9.0).without(0)

    assert take(agenda, 1)[1] is not None


def test_a_module_collected_again_is_at_home_in_both() -> None:
    agenda = homed({0: {0}}, unit(0), collect_s=9.0).collected(1, 0)

    assert take(agenda, 1)[1] is not None
    assert take(agenda, 0)[1] is not None


# Stealing.


def test_half_of_a_long_tail_is_stolen_and_nothing_is_doubled() -> None:
    agenda = holding(100, seconds=1.0)
    whole = agenda.held[0].rest

    agenda, taken = take(agenda, 1)

    assert taken is not None
    assert (*agenda.held[0].rest, *taken.tests, *agenda.held[1].rest) == whole
    assert len(agenda.held[0].rest) in {50, 51}


def test_the_largest_tail_is_stolen() -> None:
    small, large = holding(10, seconds=1.0), holding(20, seconds=1.0)
    agenda = replace(small, held={0: small.held[0], 1: large.held[0]})

    agenda, _ = take(agenda, 2)

    assert len(agenda.held[0].rest) == 10
    assert len(agenda.held[1].rest) < 20


@pytest.mark.parametrize(
    ("agenda", "why"),
    [
        (holding(4, seconds=0.01), "worth less than the trouble"),
        (holding(10, seconds=1.0, tied=frozenset(range(11))), "a fixture of the module lives on"),
        (holding(100, seconds=1.0, locks=LOCK), "it holds a lock"),
        (
            replace(holding(10, seconds=0.1), homes={0: frozenset({0})}, collect_s={0: 1.0}),
            "import",
        ),
    ],
)
def test_a_tail_is_left_where_it_is_when(agenda: Agenda, why: str) -> None:
    assert take(agenda, 1)[1] is None


def test_collecting_once_more_makes_the_stolen_part_smaller() -> None:
    here = holding(100, seconds=0.1)
    elsewhere = replace(here, homes={0: frozenset({0})}, collect_s={0: 2.0})

    assert len(take(elsewhere, 1)[0].held[0].rest) > len(take(here, 1)[0].held[0].rest)


@given(st.integers(1, 60), st.sets(st.integers(1, 60)))
def test_a_unit_is_cut_only_where_nothing_ties_and_as_near_to_the_middle_as_can_be(
    size: int, tied: set[int]
) -> None:
    before = holding(size, seconds=1.0, tied=frozenset(tied))

    agenda, taken = take(before, 1)

    free = [place for place, test in enumerate(before.held[0].rest) if test not in tied]
    assert (taken is None) == (not free)
    if taken is not None:
        place = len(agenda.held[0].rest)
        assert place in free
        ideal = min(size - 1, round(size / 2))
        assert all(abs(place - ideal) <= abs(each - ideal) for each in free)


def test_tests_are_tied_by_their_class_and_by_their_module() -> None:
    def bonds(*bonds: str) -> frozenset[int]:
        tests = {n: TestTraits(module=0, name=str(n), bond=bond) for n, bond in enumerate(bonds)}
        return plan(tests, usual_s={})[0].tied

    assert bonds("", "", "") == set()
    assert bonds("A", "A", "", "B", "B", "C") == {1, 4}
    assert bonds("A", "B", "A") == set()
    assert bonds("", "A", MODULE_BOND, "") == {1, 2, 3}


# Giving back.


def test_what_is_given_back_comes_first_with_its_share_of_time_and_its_strikes() -> None:
    agenda, taken = take(Agenda(pending=(unit(0, 10, usual_s=10.0), unit(1))), 0)
    assert taken is not None

    agenda = agenda.give_back(0, taken.unit, taken.tests[1:], strikes=1)

    first = agenda.pending[0]
    assert first.tests == unit(0, 10).tests[1:]
    assert first.usual_s == pytest.approx(9.0)
    assert first.strikes == 1
    assert 0 not in agenda.held


def test_giving_back_nothing_only_lets_go() -> None:
    agenda, taken = take(Agenda(pending=(unit(0),)), 0)
    assert taken is not None

    assert agenda.give_back(0, taken.unit, ()).pending == ()


def test_what_is_dropped_is_run_by_nobody() -> None:
    agenda, _ = take(Agenda(pending=(unit(0, 50),)), 0)

    assert agenda.drop(0).is_empty


def test_the_estimate_covers_what_is_pending_and_what_is_held() -> None:
    agenda = replace(holding(10, seconds=0.5), pending=(unit(1, 2), unit(2, usual_s=7.0)))

    assert estimate_s(agenda) == pytest.approx(10 * 0.5 + 2 * 0.5 + 7.0)


# Any order of events.

steps = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "finish", "die"]),
        st.integers(0, 3),
        st.sampled_from([0.0, 0.01, 1.0]),
    ),
    max_size=60,
)
agendas = st.builds(
    lambda sizes, locked, is_homed: Agenda(
        pending=tuple(
            unit(key, size, locks=LOCK if key in locked else frozenset())
            for key, size in enumerate(sizes)
        ),
        homes={w: frozenset(range(w, len(sizes), 4)) for w in range(4)} if is_homed else None,
    ),
    st.lists(st.integers(1, 200), max_size=5),
    st.sets(st.integers(0, 4), max_size=2),
    st.booleans(),
)


@given(agendas, steps)
@settings(max_examples=150, deadline=None)
def test_no_test_is_lost_or_handed_out_twice(
    agenda: Agenda, steps: list[tuple[str, int, float]]
) -> None:
    everything = Counter(test for each in agenda.pending for test in each.tests)
    running: dict[int, tuple[Unit, tuple[int, ...]]] = {}
    done: Counter[int] = Counter()
    for step, worker, seconds in steps:
        if step == "take" and worker not in running:
            agenda, taken = take(agenda, worker)
            if taken is not None:
                assert taken.tests
                running[worker] = (taken.unit, taken.tests)
        elif step == "finish" and worker in running:
            _, tests = running.pop(worker)
            done.update(tests)
            agenda = agenda.learn(worker, len(tests), seconds, len(tests)).release(worker)
        elif step == "die" and worker in running:
            whole, tests = running.pop(worker)
            agenda = agenda.give_back(worker, whole, tests).without(worker)
        locks = [hold for hold in agenda.held.values() if hold.unit.locks]
        assert len(locks) <= 1
    waiting = [test for each in agenda.pending for test in each.tests]
    waiting += [test for hold in agenda.held.values() for test in hold.rest]
    given_out = [test for _, tests in running.values() for test in tests]

    assert done + Counter(waiting) + Counter(given_out) == everything
    assert agenda.waiting() == len(waiting)
    assert agenda.is_empty == (not waiting)


def test_handing_out_many_tests_takes_few_steps() -> None:
    agenda = Agenda(pending=tuple(unit(key, 6000) for key in range(10)))
    steps = 0
    while not agenda.is_empty:
        for worker in range(4):
            agenda, taken = take(agenda, worker)
            steps += 1
            if taken is not None:
                count = len(taken.tests)
                agenda = agenda.learn(worker, count, count * 0.0001, count).release(worker)

    assert steps <= 60_000 / CHUNK_TESTS * 1.5
