"""Runs under varied circumstances: who begins when, and what counts."""

from collections.abc import Iterator, Mapping
from typing import Any

from handrail.app.stressing import Stress, Wanted
from handrail.core.stressing import Stressed, Variation
from handrail.model.outcomes import Outcome
from handrail.model.trials import Found, Trial, Tried

TESTS = ("test_a.py::test_1", "test_a.py::test_2", "test_b.py::test_3")


class FakePool:
    """Ends one trial a look, the oldest first; fails as told."""

    def __init__(self, fails: Mapping[int, str] | None = None) -> None:
        self.fails = fails or {}
        self.begun: list[tuple[Trial, Mapping[str, str]]] = []
        self.under_way: list[Trial] = []
        self.together: list[int] = []

    def found(self) -> Found:
        return Found(tests=TESTS)

    def begin(self, trial: Trial, environ: Mapping[str, str]) -> None:
        self.begun.append((trial, environ))
        self.under_way.append(trial)
        self.together.append(len({bool(each.burners) for each in self.under_way}))

    def results(self, timeout_s: float) -> Iterator[Tried]:
        trial = self.under_way.pop(0)
        bad = self.fails.get(trial.number)
        yield Tried(
            number=trial.number,
            outcomes=tuple(
                (test, Outcome.FAILED if test == bad else Outcome.PASSED, 0.1)
                for test in trial.tests
            ),
        )


def stressed(pool: FakePool, **wanted: Any) -> Stressed:
    settings = {"variations": tuple(Variation), "most_runs": 12, "at_once": 3, **wanted}
    return Stress(
        wanted=Wanted(**settings),
        pool=pool,
        on_run=lambda *_: None,
        again=lambda failure, tests, shuffler: (failure.variation.value,),
    ).run()


def test_variations_take_turns_and_each_gets_as_many_runs() -> None:
    found = stressed(FakePool())

    assert [each.runs for each in found.tallies] == [2] * 6
    assert (found.runs, found.failed) == (12, 0)


def test_runs_that_burden_the_processors_meet_no_others() -> None:
    pool = FakePool()

    stressed(pool)

    assert max(pool.together) == 1


def test_what_is_set_before_python_starts_is_in_the_environment() -> None:
    pool = FakePool()

    stressed(
        pool,
        variations=(Variation.HASH_SEED, Variation.CLOCK),
        clock=lambda date: {"DATE": date},
        date="2027-01-01 00:00:00",
    )

    seeds = [environ["PYTHONHASHSEED"] for _, environ in pool.begun[::2]]
    assert len(set(seeds)) == 6
    assert {environ["DATE"] for _, environ in pool.begun[1::2]} == {"2027-01-01 00:00:00"}


def test_a_random_order_has_the_module_mates_up_to_the_last_of_the_tests() -> None:
    pool = FakePool()

    stressed(pool, variations=(Variation.ORDER,), named=(TESTS[0],))

    orders = {trial.tests for trial, _ in pool.begun}
    assert orders == {(TESTS[0],), (TESTS[1], TESTS[0])}


def test_a_failure_of_a_module_mate_does_not_count() -> None:
    pool = FakePool(dict.fromkeys(range(100), TESTS[1]))

    found = stressed(pool, variations=(Variation.ORDER,), named=(TESTS[0],))

    assert found.failed == 0


def test_nothing_begins_after_a_failure_if_that_is_what_was_waited_for() -> None:
    pool = FakePool({4: TESTS[0]})

    found = stressed(pool, most_runs=None, stops_at_failure=True, variations=(Variation.NONE,))

    assert found.failed == 1
    assert len(pool.begun) <= 4 + 3
    assert found.again == ("none",)


def test_only_runs_without_a_variation_are_attempts_for_history() -> None:
    pool = FakePool({1: TESTS[0]})

    found = stressed(pool, most_runs=4, variations=(Variation.NONE, Variation.ORDER))

    assert [(each.test, each.outcome.value) for each in found.plain[:4]] == [
        (TESTS[0], "failed"),
        (TESTS[1], "passed"),
        (TESTS[2], "passed"),
        (TESTS[0], "passed"),
    ]
    assert len(found.plain) == 2 * len(TESTS)
