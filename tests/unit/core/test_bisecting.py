"""The search for polluters against worlds whose polluters are known."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.core.bisecting import (
    MANY,
    Answer,
    Finding,
    Kind,
    Reply,
    Suspects,
    search,
)

World = Callable[[Sequence[str]], Answer]


def names(count: int) -> tuple[str, ...]:
    return tuple(f"t{n:03}" for n in range(count))


def answered(world: World, suspects: Suspects, most_trials: int = 10_000) -> Finding:
    """Play the world to the end of the search."""
    asking, answer = search(suspects, most_trials=most_trials), None
    try:
        while True:
            trial = asking.send(answer) if answer else next(asking)
            answer = world(trial)
    except StopIteration as end:
        return end.value


def polluted_by(
    polluters: Sequence[str],
    *,
    is_brittle: bool = False,
    cleaner: str = "",
    killers: Sequence[str] = (),
) -> World:
    """The test fails after all polluters, unless the cleaner came after them."""

    def world(trial: Sequence[str]) -> Answer:
        for each in trial:
            if each in killers:
                return Answer(Reply.NEITHER, ended_by=each)
        is_hit = set(polluters) <= set(trial)
        if is_hit and cleaner in trial:
            is_hit = trial.index(cleaner) < max(trial.index(each) for each in polluters)
        return Answer(Reply.BAD if is_hit != is_brittle else Reply.GOOD)

    return world


@settings(max_examples=200)
@given(st.integers(1, 300), st.sets(st.integers(0, 299), min_size=1, max_size=3), st.booleans())
def test_exactly_the_polluters_are_found_in_about_log2_trials_each(
    count: int, numbers: set[int], is_brittle: bool
) -> None:
    suite = names(count)
    polluters = tuple(suite[n] for n in sorted({n % count for n in numbers}))

    found = answered(polluted_by(polluters, is_brittle=is_brittle), Suspects(others=suite))

    assert found.kind is (Kind.BRITTLE if is_brittle else Kind.VICTIM)
    assert found.needed == polluters
    each = math.ceil(math.log2(count)) + 2
    wasted = 0 if len(polluters) == 1 else each + 2
    assert found.trials <= 5 + wasted + len(polluters) * (each + 1)
    if len(polluters) == 1:
        assert found.tests <= (count if count > MANY + 1 else 2 * count) + 2 * each + 8


@settings(max_examples=200)
@given(st.integers(4, 60), st.data())
def test_a_test_that_cleans_up_does_not_mislead(count: int, data: st.DataObject) -> None:
    suite = names(count)
    polluter, cleaner = data.draw(st.permutations(suite).map(lambda each: each[:2]))
    world = polluted_by([polluter], cleaner=cleaner)

    found = answered(world, Suspects(others=suite))

    if suite.index(cleaner) < suite.index(polluter):
        assert (found.kind, found.needed) == (Kind.VICTIM, (polluter,))
    else:  # only a part without the cleaner shows it
        assert found.kind is Kind.STEADY_PASS or found.needed == (polluter,)


@given(st.integers(2, 60), st.data())
def test_several_ways_to_fail_lead_to_one_of_them(count: int, data: st.DataObject) -> None:
    suite = names(count)
    one, other = data.draw(st.permutations(suite).map(lambda each: each[:2]))
    worlds = polluted_by([one]), polluted_by([other])

    found = answered(
        lambda trial: max((world(trial) for world in worlds), key=lambda a: a.reply is Reply.BAD),
        Suspects(others=suite),
    )

    assert found.needed in {(one,), (other,)}


@given(st.integers(3, 80), st.data())
def test_tests_that_end_their_process_are_left_out_and_named(
    count: int, data: st.DataObject
) -> None:
    suite = names(count)
    polluter, *killers = data.draw(st.permutations(suite).map(lambda each: each[:3]))

    found = answered(polluted_by([polluter], killers=killers), Suspects(others=suite))

    assert found.needed == (polluter,)
    assert set(found.left_out) <= set(killers)


def test_one_polluter_among_a_thousand_tests_takes_at_most_fourteen_trials() -> None:
    suite = names(1000)

    trials = [answered(polluted_by([each]), Suspects(others=suite)).trials for each in suite[::7]]

    assert max(trials) <= 14


def test_what_came_before_it_in_passing_runs_is_not_suspected_first() -> None:
    suite = names(1000)
    polluter = suite[-1]
    suspects = Suspects(failing=(suite,), passing=(suite[:-2],), others=suite)

    found = answered(polluted_by([polluter]), suspects)

    assert found.needed == (polluter,)
    assert found.trials <= 6
    assert found.tests < 14


def test_polluters_that_work_together_are_found_though_each_came_before_it_in_a_passing_run() -> (
    None
):
    suite = names(100)
    pair = (suite[3], suite[50])
    suspects = Suspects(failing=(suite,), passing=(suite[:40], suite[45:]), others=suite)

    assert answered(polluted_by(pair), suspects).needed == pair


def test_without_a_record_the_usual_order_is_searched_first() -> None:
    suite = names(40)
    asked: list[tuple[str, ...]] = []

    def world(trial: Sequence[str]) -> Answer:
        asked.append(tuple(trial))
        return polluted_by([suite[4]])(trial)

    answered(world, Suspects(before=suite[:20], others=suite))

    assert asked[:2] == [(), suite[:10]]
    assert all(set(each) <= set(suite[:20]) for each in asked)


def test_what_nothing_changes_does_not_depend_on_its_order() -> None:
    suspects = Suspects(others=names(5))

    always, never = Answer(Reply.GOOD), Answer(Reply.BAD)

    assert answered(lambda _: always, suspects).kind is Kind.STEADY_PASS
    assert answered(lambda _: never, suspects).kind is Kind.STEADY_FAIL
    assert answered(lambda _: Answer(Reply.NEITHER), suspects).kind is Kind.SILENT


def test_one_that_fails_now_and_then_is_hardly_ever_blamed_on_others() -> None:
    def kind(seed: int) -> Kind:
        random = Random(seed)
        return answered(
            lambda _: Answer(random.choice([Reply.GOOD, Reply.BAD])), Suspects(others=names(64))
        ).kind

    kinds = Counter(kind(seed) for seed in range(200))

    assert kinds[Kind.VICTIM] + kinds[Kind.BRITTLE] < 60


def test_no_more_trials_are_asked_for_than_allowed() -> None:
    found = answered(polluted_by(["t077"]), Suspects(others=names(100)), most_trials=4)

    assert (found.kind, found.trials) == (Kind.UNFINISHED, 4)
