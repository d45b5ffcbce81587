"""Where the time of a run went, and what to do about it."""

from made_events import STARTED

from handrail.core.folding import fold
from handrail.core.profiles import FixtureCost, ImportCost, Profile, SleepCost
from handrail.core.spending import Spending, spending
from handrail.model.events import Collected, SessionFinished, TestFinished
from handrail.model.outcomes import Outcome


def run(
    *tests: tuple[str, str, float], collection_s: float = 0.1, profile: Profile | None = None
) -> Spending:
    """A run of these tests: name, worker, seconds; those of a worker one after the other."""
    at = dict.fromkeys((worker for _, worker, _ in tests), 100.0 + collection_s)
    events = []
    for name, worker, seconds in tests:
        at[worker] += seconds
        events.append(
            TestFinished(
                at=at[worker],
                test=name,
                outcome=Outcome.PASSED,
                duration_s=seconds,
                phases=(seconds / 4, seconds / 2, seconds / 4),
                worker=worker,
            )
        )
    collected = Collected(
        at=100.0 + collection_s,
        tests=tuple(name for name, _, _ in tests),
        duration_s=collection_s,
    )
    end = SessionFinished(at=max(at.values()) + 0.5, pytest_exit=0)
    return spending(fold([STARTED, collected, *events, end]), profile)


def codes(found: Spending) -> list[str]:
    return [each.code for each in found.advice]


def test_the_parts_of_the_wall_time_add_up_to_the_run() -> None:
    found = run(("a::1", "gw0", 4.0), ("b::1", "gw1", 3.0), collection_s=1.0)

    assert [round(each.seconds, 3) for each in found.wall] == [1.0, 4.0, 0.5]
    assert [(each.name, round(each.seconds, 3)) for each in found.busy] == [
        ("set-up", 1.75),
        ("call", 3.5),
        ("teardown", 1.75),
        ("idle", 1.0),
    ]


def test_the_slowest_tests_and_modules_come_first() -> None:
    found = run(("a::1", "gw0", 1.0), ("a::2", "gw0", 1.0), ("b::1", "gw1", 1.5))

    assert [each.name for each in found.tests] == ["b::1", "a::1", "a::2"]
    assert [each.name for each in found.modules] == ["a", "b"]


def test_one_test_that_bounds_the_run_is_named_with_what_it_costs() -> None:
    found = run(("a::1", "gw0", 9.0), ("b::1", "gw1", 1.0))

    assert codes(found) == ["long-test"]
    assert found.advice[0].seconds == 4.0
    assert found.advice[0].what == "a::1 alone takes 100% of the time that tests ran"


def test_one_module_that_bounds_the_run_is_named() -> None:
    found = run(*[(f"a::{n}", "gw0", 1.0) for n in range(9)], ("b::1", "gw1", 1.0))

    assert codes(found) == ["long-module"]
    assert found.advice[0].seconds == 4.0


def test_a_module_that_workers_share_bounds_nothing() -> None:
    found = run(*[(f"a::{n}", f"gw{n % 2}", 1.0) for n in range(10)])

    assert codes(found) == []


def test_collection_that_takes_a_third_is_named() -> None:
    assert codes(run(("a::1", "gw0", 1.0), collection_s=5.0)) == ["collection"]


def test_a_session_fixture_that_every_worker_sets_up_costs_all_but_one() -> None:
    profile = Profile(
        kind="time",
        fixtures=(
            FixtureCost(name="db", scope="session", where="tests", count=4, seconds=8.0, workers=4),
        ),
    )

    [advice] = run(("a::1", "gw0", 4.0), ("b::1", "gw1", 4.0), profile=profile).advice

    assert (advice.code, advice.seconds) == ("session-fixture", 6.0)
    assert advice.what == "the session fixture db of tests was set up 4 times, in 4 workers"


def test_sleeps_imports_and_repeated_fixtures_are_advice_by_their_seconds() -> None:
    profile = Profile(
        kind="time",
        fixtures=(FixtureCost(name="app", scope="function", where="", count=5, seconds=2.0),),
        imports=(ImportCost(module="heavy", own_s=3.0, all_s=4.0),),
        sleeps=(SleepCost(where="a.py:3", count=1, seconds=2.5),),
    )

    found = run(("a::1", "gw0", 10.0), profile=profile)

    assert [(each.code, each.seconds) for each in found.advice] == [
        ("import", 3.0),
        ("sleep", 2.5),
        ("fixture", 1.6),
    ]


def test_what_is_small_is_no_advice() -> None:
    profile = Profile(kind="time", sleeps=(SleepCost(where="a.py:3", count=1, seconds=0.2),))

    assert codes(run(("a::1", "gw0", 10.0), profile=profile)) == []
