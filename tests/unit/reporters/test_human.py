"""The report for people: the same facts, the text pytest prints, the verdict at the end."""

from dataclasses import replace

from hostile_runs import runs
from hypothesis import HealthCheck, given, settings
from made_runs import (
    CHAOS,
    WRONG_TOTAL,
    Reported,
    assert_golden,
    attempt,
    budget_exceeded,
    green,
    over,
    planned,
    red,
    reported,
    started,
)

from handrail.core.text import plain
from handrail.model.outcomes import Outcome
from handrail.reporters.human import human

REPORT = ".handrail/runs/7k2f/report.json"


def shown(run: Reported, *, is_coloured: bool = False) -> str:
    return human(
        run.record,
        run.judgement,
        run.causes,
        run.labels,
        is_coloured=is_coloured,
        report_path=REPORT,
    )


def test_failures_are_shown_as_pytest_prints_them() -> None:
    assert_golden("human_red.txt", shown(red()))


def test_colour_adds_nothing_but_colour() -> None:
    text = shown(red(), is_coloured=True)

    assert_golden("human_red_colour.txt", text)
    assert plain(text) == shown(red())


def test_without_colour_there_is_no_terminal_code() -> None:
    assert "\x1b" not in shown(red())


def test_a_pass_is_short() -> None:
    assert_golden("human_green.txt", shown(green(318, CHAOS)))


def test_a_run_that_was_cut_off_is_incomplete() -> None:
    assert_golden("human_budget.txt", shown(budget_exceeded()))


def test_a_long_failure_shows_its_beginning_and_its_end_and_where_the_rest_is() -> None:
    long = replace(WRONG_TOTAL, text="\n".join(f"row {index}" for index in range(500)))
    run = reported(started(), planned(["a"]), attempt("a", Outcome.FAILED, long), over(1))

    text = shown(run)

    assert f"    ... 460 more lines; full: {REPORT}" in text
    assert "    row 12\n" in text
    assert "    row 13\n" not in text
    assert "    row 473\n" in text
    assert "    row 472\n" not in text


def test_more_than_twenty_causes_are_counted() -> None:
    tests = [f"a.py::t{index}" for index in range(25)]
    bad = [
        attempt(test, Outcome.FAILED, replace(WRONG_TOTAL, line=line))
        for line, test in enumerate(tests, start=1)
    ]

    text = shown(reported(started(), planned(tests), *bad, over(1)))

    assert "[F20]" in text
    assert "[F21]" not in text
    assert "+5 more causes (5 tests)" in text


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=25)
@given(runs())
def test_the_last_line_is_the_verdict_and_no_other_line_pretends_to_be(run: Reported) -> None:
    *before, last = shown(run).splitlines()

    assert last.startswith(f"{run.judgement.verdict.value.upper()} exit=")
    assert not [line for line in before if line.lstrip().startswith(("RESULT", "PASSED exit"))]
    assert "hunter2" not in shown(run)
