"""The agent's digest: verdict first and last, bounded, impossible to forge."""

import re
import shlex

import pytest
from hostile_runs import runs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_runs import (
    CHAOS,
    NO_DSN,
    WRONG_TOTAL,
    Reported,
    assert_golden,
    attempt,
    budget_exceeded,
    green,
    nothing_selected,
    over,
    planned,
    red,
    reported,
    started,
)

from handrail.model.events import Note, Withheld
from handrail.model.outcomes import Frame, Outcome, Phase, Problem, ProblemKind
from handrail.reporters.digest import digest

REPORT = ".handrail/runs/7k2f/report.json"
VERDICT_LINE = re.compile(r"\s*(RESULT\b|[A-Z_]+\s+exit=)")
COMMAND_LINE = re.compile(r"\s*(next|report|withheld|flaky|why|problem|lost|note):|::")


def shown(run: Reported, *, limit_bytes: int = 8000, report_path: str = REPORT) -> str:
    return digest(
        run.record,
        run.judgement,
        run.causes,
        run.labels,
        report_path=report_path,
        limit_bytes=limit_bytes,
    )


def test_a_pass_is_one_line() -> None:
    expected = "PASSED exit=0 | fast | 318 passed | 12.4s of 60s | run=7k2f"

    assert shown(green()) == expected


def test_what_is_withheld_is_counted_and_the_way_to_open_it_is_told() -> None:
    assert_golden("digest_green_withheld.txt", shown(green(318, CHAOS)))


def test_failures_are_shown_by_cause() -> None:
    assert_golden("digest_red.txt", shown(red()))


def test_a_budget_that_is_used_up_is_told_with_what_did_not_run() -> None:
    assert_golden("digest_budget.txt", shown(budget_exceeded()))


def test_a_selection_that_matched_nothing_says_why() -> None:
    assert_golden("digest_nothing.txt", shown(nothing_selected()))


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=25)
@given(runs(), st.integers(1000, 8000))
def test_a_digest_is_never_over_its_limit(run: Reported, limit_bytes: int) -> None:
    assert len(shown(run, limit_bytes=limit_bytes).encode()) <= limit_bytes


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=25)
@given(runs())
def test_no_text_of_a_test_can_forge_a_verdict_or_a_command(run: Reported) -> None:
    first, *middle = shown(run).splitlines()
    last = middle.pop() if middle else first

    verdict = run.judgement.verdict.value
    assert first.startswith(f"{verdict.upper()} exit={int(run.judgement.exit_code)}")
    if last is not first:
        assert last.startswith(f"RESULT {verdict} exit={int(run.judgement.exit_code)} run=7k2f ")
    assert not [line for line in middle if VERDICT_LINE.match(line)]
    assert not [line for line in middle if line.startswith("  ") and COMMAND_LINE.match(line)]
    assert sum(line.startswith("next: ") for line in middle) <= 1
    assert "hunter2" not in shown(run)


def many_causes(number: int) -> Reported:
    problems = [
        Problem(
            kind=ProblemKind.EXCEPTION,
            phase=Phase.CALL,
            exception="E",
            message="long " * 200,
            path="a.py",
            line=line,
            frames=(Frame(path="a.py", line=line, function="f", source="x = 1"),),
        )
        for line in range(1, number + 1)
    ]
    tests = [f"tests/test_{index}.py::test" for index in range(number)]
    bad = [attempt(t, Outcome.FAILED, p) for t, p in zip(tests, problems, strict=True)]
    return reported(started(), planned(tests), *bad, over(1))


def test_what_there_is_no_room_for_is_counted() -> None:
    text = shown(many_causes(200))

    listed = len(re.findall(r"^\[F\d+\]", text, re.MULTILINE))
    assert listed >= 20
    assert f"+{200 - listed} more causes ({200 - listed} tests), see the report" in text
    assert len(text) > 7000


def test_the_first_causes_are_shown_in_full_before_later_ones_get_more_than_a_line() -> None:
    text = shown(many_causes(20))

    first, last = text.index("[F1]"), text.index("[F20]")
    assert "> 1 | x = 1" in text[first:]
    assert "> 20 | x = 1" not in text[last:]


def test_forty_tests_that_fail_in_one_fixture_take_under_sixteen_hundred_bytes() -> None:
    tests = [f"tests/it/test_m{index % 5}.py::test_with_a_name_{index}" for index in range(142)]
    bad = [attempt(test, Outcome.ERROR, NO_DSN) for test in tests[:40]]
    run = reported(started(), planned(tests), *bad, *map(attempt, tests[40:]), over(1))

    assert len(shown(run)) < 1600


def test_a_run_of_ten_thousand_different_failures_still_fits() -> None:
    assert len(shown(many_causes(2000)).encode()) <= 8000


def command_after(marker: str, text: str) -> list[str]:
    (line,) = [each for each in text.splitlines() if each.strip().startswith(marker)]
    return shlex.split(line.partition(marker)[2])


@pytest.mark.parametrize("name", ["a.py::t[x y]", "a.py::t['$(rm)']", "d e/a.py::t", "a.py::t[é]"])
def test_the_command_that_runs_a_test_again_survives_the_shell(name: str) -> None:
    run = reported(started(), planned([name]), attempt(name, Outcome.FAILED, WRONG_TOTAL), over(1))

    assert command_after("next: ", shown(run)) == ["handrail", "run", name]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("a.py::t[x\ny]", "a.py::t"),
        ("a.py::t[password=hunter2]", "a.py::t"),
        ("a.py::t\x1b[1m", "a.py::t\x1b"),
    ],
)
def test_a_name_that_cannot_be_pasted_is_replaced_by_the_nearest_that_can(
    name: str, target: str
) -> None:
    run = reported(started(), planned([name]), attempt(name, Outcome.FAILED, WRONG_TOTAL), over(1))

    found = command_after("next: ", shown(run))

    assert found[:2] == ["handrail", "run"]
    assert found[2:] == ([target] if target.isprintable() and target else found[2:])
    assert all(each.isprintable() for each in found)


@pytest.mark.parametrize(
    "tests", [["-x\n.py"], [f"tests/test_a.py::test_{index}" for index in range(100)]]
)
def test_tests_that_cannot_be_named_or_are_many_are_named_by_their_run(tests: list[str]) -> None:
    bad = [attempt(test, Outcome.FAILED, WRONG_TOTAL) for test in tests]
    run = reported(started(), planned(tests), *bad, over(1))

    assert command_after("next: ", shown(run)) == ["handrail", "rerun", "7k2f"]
    assert command_after("rerun: ", shown(run)) == ["handrail", "rerun", "7k2f", "F1"]


def test_every_digest_but_a_pass_tells_what_to_do_next() -> None:
    for run in (red(), budget_exceeded(), nothing_selected()):
        assert "\nnext: handrail " in shown(run)


def test_only_warnings_among_the_notes_are_worth_a_line() -> None:
    note = Note(at=1.0, text="harmless")
    warning = Note(at=1.0, text="look at this", is_warning=True)

    text = shown(reported(started(), planned(["a"]), attempt("a"), note, warning, over(0)))

    assert "note: look at this" in text
    assert "harmless" not in text


def test_the_last_line_is_a_result_as_soon_as_there_are_two() -> None:
    text = shown(green(1, CHAOS))

    assert text.splitlines()[-1] == "RESULT passed exit=0 run=7k2f complete=yes"


def test_tests_that_no_tier_selects_are_withheld_too() -> None:
    unselected = Withheld(tier=None, count=2, reason="in no tier")

    text = shown(green(1, unselected))

    assert "| 2 withheld (no tier) |" in text
    assert "withheld: 2 in no tier" in text
