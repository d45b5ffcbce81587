"""Where a run that goes on stands: counts, failures so far, what runs, and how to wait for it."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hostile_runs import FORGERIES, runs, text
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from made_runs import (
    CHAOS,
    NO_DSN,
    WRONG_TOTAL,
    Reported,
    assert_golden,
    attempt,
    planned,
    red,
    started,
)

from handrail.core.causes import causes
from handrail.core.folding import Folding
from handrail.core.progress import Standing
from handrail.core.text import size_bytes
from handrail.model.events import Event, Progress, Running, RunStarted
from handrail.model.outcomes import Frame, Outcome, Phase, Problem, ProblemKind
from handrail.reporters.status import LIMIT_BYTES, headline, status

START = 1_700_000_000.0
NEXT = "next: handrail wait 7k2f"
VERDICT_LINE = re.compile(r"\s*(RESULT\b|[A-Z_]+\s+exit=)")
COMMAND_LINE = re.compile(r"\s*(next|report|withheld|flaky|why|problem|lost|note):|::")
SLOW = Running(test="tests/it/test_slow.py::test_wait[a b]", for_s=20.0, worker="w1", usual_s=2.0)
QUICK = Running(test="tests/unit/test_m.py::test_1", for_s=1.0, worker="w2", usual_s=2.0)
standings = st.builds(
    Standing,
    run_id=st.just("7k2f"),
    tiers=st.lists(text, max_size=3).map(tuple),
    started_at=st.just(START),
    last_at=st.just(START),
    done=st.integers(0, 10**9),
    total=st.integers(0, 10**9) | st.none(),
    collected_at=st.floats(START, START + 9) | st.none(),
    estimate_s=st.floats(0, 1e7) | st.none(),
    budget_s=st.floats(0, 1e7) | st.none(),
    running=st.lists(
        st.builds(
            Running,
            test=text,
            for_s=st.floats(0, 1e6),
            worker=text,
            usual_s=st.floats(0, 1e6) | st.none(),
        ),
        max_size=6,
    ).map(tuple),
    running_at=st.just(START),
)
LONGEST = Standing(
    run_id="7k2f",
    tiers=("x" * 3000,),
    started_at=START,
    last_at=START,
    done=10**9,
    total=10**9 + 1,
    collected_at=START,
    budget_s=1e7,
    running=tuple(
        Running(test=f"{n}" + "x" * 300, for_s=1e6, worker="w", usual_s=3e5) for n in range(6)
    ),
    running_at=START,
)


def begun(*events: Event, begin: RunStarted | None = None) -> Folding:
    folding = Folding()
    for event in (begin or started(), *events):
        folding.add(event)
    return folding


def shown(folding: Folding, now: float) -> str:
    """As the state of a run is written: of its attempts only the bad ones are looked at."""
    record = folding.outline()
    return status(record, folding.progress(), causes(record), {}, now)


def running(*each: Running, at: float = START + 10) -> Progress:
    return Progress(at=at, running=each)


def failures(number: int, message: str = "no") -> list[Event]:
    """So many tests, each of which fails for a reason of its own."""
    tests = [f"tests/test_{index}.py::test" for index in range(number)]
    problems = [
        Problem(
            kind=ProblemKind.EXCEPTION,
            phase=Phase.CALL,
            exception="E",
            message=message,
            path="a.py",
            line=line,
            frames=(Frame(path="a.py", line=line, function="f", source="x = 1"),),
        )
        for line in range(number)
    ]
    bad = [attempt(t, Outcome.FAILED, p) for t, p in zip(tests, problems, strict=True)]
    return [planned(tests), *bad]


def test_a_run_that_goes_on_says_how_long_and_how_far() -> None:
    tests = [str(index) for index in range(10)]
    folding = begun(planned(tests), *map(attempt, tests[:4]))

    text = headline(folding.progress(), 1, START + 81)

    assert text == (
        "RUNNING exit=8 | fast | 4/10, 1 cause so far | 1m21s of 60s | about 2m left (pace)"
        " | run=7k2f"
    )


def test_a_run_that_is_being_collected_has_no_total_yet() -> None:
    text = headline(begun().progress(), 0, START + 1)

    assert text == "RUNNING exit=8 | fast | collecting | 1s of 60s | run=7k2f"


def test_a_run_of_nothing_is_not_being_collected() -> None:
    text = headline(begun(planned([])).progress(), 0, START + 1)

    assert " | 0/0, 0 causes so far | " in text


def test_without_a_budget_only_the_time_spent_is_told() -> None:
    folding = begun(begin=started(budget_s=None))

    assert headline(folding.progress(), 0, START + 1) == (
        "RUNNING exit=8 | fast | collecting | 1s | run=7k2f"
    )


def test_a_clock_that_was_set_back_spends_no_negative_time() -> None:
    assert " | 0.00s of 60s | " in headline(begun().progress(), 0, START - 3600)


def test_nothing_failed_and_nothing_runs_is_two_lines() -> None:
    folding = begun(planned(["a", "b"]), attempt("a"))

    assert shown(folding, START + 10) == (
        f"RUNNING exit=8 | fast | 1/2, 0 causes so far | 10s of 60s | run=7k2f\n{NEXT}"
    )


def test_failures_what_runs_and_what_is_withheld_are_told() -> None:
    folding = begun(
        planned([f"tests/unit/test_m.py::test_{index}" for index in range(412)], CHAOS),
        *(attempt(f"tests/unit/test_m.py::test_{index}") for index in range(2, 183)),
        attempt("tests/it/test_orders.py::test_pay", Outcome.ERROR, NO_DSN),
        attempt("tests/it/test_orders.py::test_ship", Outcome.ERROR, NO_DSN),
        attempt("tests/it/test_totals.py::test_total", Outcome.FAILED, WRONG_TOTAL),
        running(SLOW, QUICK, at=START + 71),
        begin=started(tiers=("fast", "integration"), budget_s=300.0),
    )

    assert_golden("status_running.txt", shown(folding, START + 72))


def test_the_tests_that_run_longest_are_shown_and_the_others_counted() -> None:
    each = [Running(test=f"a.py::t{n}", for_s=float(n), worker=f"w{n}") for n in range(5)]
    folding = begun(planned(["a"]), running(*each))

    lines = [line for line in shown(folding, START + 10).splitlines() if "running" in line]

    assert lines == [
        "running: 4s a.py::t4",
        "running: 3s a.py::t3",
        "running: 2s a.py::t2",
        "running: +2 more running",
    ]


def test_a_test_that_takes_longer_than_usual_is_called_slow() -> None:
    folding = begun(planned(["a"]), running(SLOW, QUICK))

    lines = shown(folding, START + 11).splitlines()

    assert "running: 21s tests/it/test_slow.py::test_wait[a b] SLOW (usually 2s)" in lines
    assert "running: 2s tests/unit/test_m.py::test_1" in lines


def test_a_long_name_does_not_hide_that_its_test_is_slow() -> None:
    folding = begun(planned(["a"]), running(replace(SLOW, test="a.py::" + "t" * 300)))

    assert " SLOW (usually 2s)\n" in shown(folding, START + 10)


def test_what_is_withheld_is_told_with_its_gate() -> None:
    lines = shown(begun(planned(["a"], CHAOS)), START + 10).splitlines()

    assert lines[1:] == ["withheld: 6 withheld (chaos: gate destructive)", NEXT]


def test_a_single_cause_is_shown_with_its_code_and_the_way_to_run_it_again() -> None:
    lines = shown(begun(*failures(1)), START + 10).splitlines()

    assert "     > 0 | x = 1" in lines
    assert "     rerun: handrail run tests/test_0.py::test" in lines


def test_how_each_failure_relates_to_earlier_runs_is_shown_if_it_is_known() -> None:
    run = red()
    standing = begun(planned(["a"])).progress()

    text = status(run.record, standing, run.causes, run.labels, START + 10)

    assert "[F1] NEW  " in text


@pytest.mark.parametrize("number", [2, 20, 2000])
def test_of_many_causes_the_first_are_shown_and_the_others_counted(number: int) -> None:
    text = shown(begun(*failures(number, "long " * 200)), START + 10)

    listed = len(re.findall(r"^\[F\d+\]", text, re.MULTILINE))
    left = number - listed
    assert 2 <= listed <= 8
    assert text.count(f"+{left} more causes ({left} tests), see the report") == (left > 0)
    assert f" | {number}/{number}, {number} causes so far | " in text
    assert text.endswith(f"\n{NEXT}")
    assert size_bytes(text) <= LIMIT_BYTES == 1200


@settings(suppress_health_check=list(HealthCheck), max_examples=50)
@given(runs(), standings, st.floats(0, 1e6))
@example(red(), LONGEST, 1e6)
def test_a_status_is_never_over_its_limit(run: Reported, standing: Standing, for_s: float) -> None:
    text = status(run.record, standing, run.causes, run.labels, START + for_s)

    assert len(text.encode()) <= LIMIT_BYTES


@settings(suppress_health_check=list(HealthCheck), max_examples=50)
@given(runs(), standings)
def test_no_text_of_a_test_can_forge_a_verdict_or_a_command(
    run: Reported, standing: Standing
) -> None:
    text = status(run.record, standing, run.causes, run.labels, START + 10)

    first, *others = text.splitlines()
    assert first.startswith("RUNNING exit=8 | ")
    assert not [line for line in others if VERDICT_LINE.match(line)]
    assert not [line for line in others if line.startswith("  ") and COMMAND_LINE.match(line)]
    assert {line for line in others if line.startswith("next:")} <= {NEXT}
    assert "hunter2" not in text


def hostile_names() -> Sequence[Running]:
    return [Running(test=name, for_s=1.0, worker=name) for name in FORGERIES]


def test_names_of_running_tests_stay_on_one_harmless_line() -> None:
    for each in hostile_names():
        folding = begun(planned(["a"]), running(each))

        _, line, last = shown(folding, START + 10).splitlines()

        assert line.startswith("running: 1s ")
        assert last == NEXT
        assert "\x1b" not in line
        assert "hunter2" not in line


def test_the_way_to_wait_is_told_however_long_all_else_is() -> None:
    withheld = [replace(CHAOS, gate=None, tier=f"tier-{n}-{'x' * 40}") for n in range(9)]
    record = begun(planned(["a"], *withheld)).outline()

    text = status(record, LONGEST, (), {}, START + 1e6)

    assert text.endswith(f"\n{NEXT}")
