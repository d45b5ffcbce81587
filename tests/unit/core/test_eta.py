"""How good estimates are: simulated runs whose end is known, asked at every tenth of their way."""

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from handrail.core.folding import Folding
from handrail.core.progress import Basis, Eta, eta
from handrail.model.events import (
    Collected,
    Event,
    Progress,
    Running,
    RunStarted,
    TestFinished,
)
from handrail.model.outcomes import Outcome

PREPARING_S = 3.0
LOOK_S = 0.5
SLACK_S = 1.0
"""What an estimate may be wrong by whatever it is for: a second is what is shown."""


@dataclass(frozen=True, slots=True)
class Test:
    __test__ = False

    takes_s: float
    usual_s: float = -1.0
    """-1: history does not know it."""


def known(*seconds: float, factor: float = 1.0) -> list[Test]:
    return [Test(each * factor, each) for each in seconds]


def new(*seconds: float) -> list[Test]:
    return [Test(each) for each in seconds]


def mixed(seed: int, count: int, share_new: float) -> list[Test]:
    """Tests of 50 ms to 2 s; history knows them within a third."""
    luck = random.Random(seed)
    tests = []
    for _ in range(count):
        takes_s = luck.uniform(0.05, 2.0)
        usual_s = -1.0 if luck.random() < share_new else takes_s * luck.uniform(0.75, 1.33)
        tests.append(Test(takes_s, usual_s))
    return tests


def run(tests: Sequence[Test], workers: int, usual_s: float | None = None) -> list[Event]:
    """The events of a run that hands out its tests one by one, in their order."""
    names = tuple(f"t.py::t{number}" for number in range(len(tests)))
    at = PREPARING_S
    events: list[Event] = [
        RunStarted(at=0.0, run_id="r", tiers=("fast",), place="local", usual_s=usual_s),
        Collected(
            at=at, tests=names, workers=workers, usual_s=tuple(each.usual_s for each in tests)
        ),
    ]
    free = [(at, worker) for worker in range(workers)]
    spans = []
    for name, test in zip(names, tests, strict=True):
        began, worker = heapq.heappop(free)
        heapq.heappush(free, (began + test.takes_s, worker))
        spans.append((began, began + test.takes_s, name, test))
    for _, ended, name, test in spans:
        events.append(
            TestFinished(at=ended, test=name, outcome=Outcome.PASSED, duration_s=test.takes_s)
        )
    end = max(ended for _, ended, _, _ in spans)
    for look in range(int((end - at) / LOOK_S)):
        now = at + look * LOOK_S
        running = tuple(
            Running(
                test=name,
                for_s=now - began,
                worker="w",
                usual_s=test.usual_s if test.usual_s >= 0 else None,
            )
            for began, ended, name, test in spans
            if began <= now < ended
        )
        events.append(Progress(at=now, running=running))
    return sorted(events, key=lambda each: each.at)


def asked(events: Sequence[Event]) -> Iterator[tuple[float, float, Eta]]:
    """Share of the way, seconds that are truly left, and the estimate; from 10 to 90 percent."""
    end = events[-1].at
    folding, at = Folding(), 0
    for tenth in range(1, 10):
        now = PREPARING_S + (end - PREPARING_S) * tenth / 10
        while events[at].at <= now:
            folding.add(events[at])
            at += 1
        yield tenth / 10, end - now, eta(folding.progress(), now)


def assert_within(events: Sequence[Event], factor: float, basis: Basis, since: float = 0.1) -> None:
    for share, left_s, found in asked(events):
        if share < since:
            continue
        assert found.remaining_s is not None, share
        shown = (share, left_s, found)
        assert left_s / factor - SLACK_S <= found.remaining_s <= left_s * factor + SLACK_S, shown
        assert found.basis is basis or share > 0.5, shown  # towards the end, few tests decide


@pytest.mark.parametrize("workers", [1, 4])
def test_uniform_tests_that_history_knows_are_told_within_a_tenth(workers: int) -> None:
    assert_within(run(known(*[0.3] * 400), workers), 1.1, Basis.HISTORY)


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("place", ["first", "last"])
def test_one_long_test_is_told_within_three_tenths_wherever_it_stands(
    workers: int, place: str
) -> None:
    short, long = [0.5] * 60, [45.0]
    order = [*long, *short] if place == "first" else [*short, *long]

    assert_within(run(known(*order), workers), 1.3, Basis.HISTORY)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("seed", range(5))
def test_some_new_tests_among_known_ones_are_told_within_three_tenths(
    workers: int, seed: int
) -> None:
    assert_within(run(mixed(seed, 200, 0.3), workers), 1.3, Basis.HISTORY)


@pytest.mark.parametrize("seed", range(5))
def test_mostly_new_tests_are_told_by_their_pace_within_four_tenths(seed: int) -> None:
    assert_within(run(mixed(seed, 200, 0.8), 4), 1.3, Basis.PACE, since=0.2)


@pytest.mark.parametrize("workers", [1, 4])
def test_tests_that_are_all_new_are_told_by_their_pace_within_four_tenths(workers: int) -> None:
    assert_within(run(new(*[0.3] * 400), workers), 1.3, Basis.PACE)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_machine_of_another_speed_is_noticed_by_the_middle_of_a_run(factor: float) -> None:
    events = run(known(*[0.3] * 400, factor=factor), 4)

    assert_within(events, 2.0, Basis.HISTORY)
    assert_within(events, 1.3, Basis.HISTORY, since=0.5)


def test_fixtures_that_take_long_to_set_up_count_for_the_test_that_sets_them_up() -> None:
    module = [8.0, *[0.05] * 20]

    assert_within(run(known(*module * 8), 4), 1.3, Basis.HISTORY)


def test_more_workers_than_tests_make_nothing_quicker() -> None:
    assert_within(run(known(20.0, 20.0), 8), 1.1, Basis.HISTORY)


def test_a_run_that_has_just_begun_takes_what_such_runs_take() -> None:
    events = run(known(*[0.3] * 400), 4, usual_s=33.0)
    folding = Folding()
    folding.add(events[0])

    assert eta(folding.progress(), 0.0) == Eta(remaining_s=33.0, basis=Basis.HISTORY)
    assert eta(folding.progress(), 2.5) == Eta(remaining_s=30.5, basis=Basis.HISTORY)


def test_collecting_for_longer_than_such_runs_take_is_no_basis() -> None:
    folding = Folding()
    folding.add(run(known(1.0), 1, usual_s=4.0)[0])

    assert eta(folding.progress(), 4.0) == Eta(remaining_s=None, basis=Basis.NONE)


def test_nobody_knows_when_a_test_ends_that_takes_longer_than_ever() -> None:
    folding = Folding()
    for event in run([Test(60.0, 5.0)], 1):
        if event.at <= 40.0:
            folding.add(event)

    assert eta(folding.progress(), 40.0) == Eta(remaining_s=None, basis=Basis.NONE)


def test_a_second_attempt_at_a_test_is_no_second_test() -> None:
    events = run(known(*[1.0] * 10), 1)
    first = next(each for each in events if isinstance(each, TestFinished))
    folding = Folding()
    for event in events:
        if event.at <= PREPARING_S + 5.0:
            folding.add(event)
    before = eta(folding.progress(), PREPARING_S + 5.0)

    folding.add(
        TestFinished(at=8.0, test=first.test, outcome=Outcome.PASSED, duration_s=1.0, attempt=2)
    )

    assert eta(folding.progress(), PREPARING_S + 5.0) == before
    assert before.remaining_s == pytest.approx(5.0)
