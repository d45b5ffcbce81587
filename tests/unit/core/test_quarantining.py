"""Failures of tests in quarantine: told, and not counted."""

import pytest
from made_events import STARTED, collected, ended, failed, finished, problem

from handrail.core.causes import Label, causes, labels
from handrail.core.folding import fold
from handrail.core.quarantining import expired, held_back, is_stable
from handrail.core.verdicts import judge
from handrail.frozen import replace
from handrail.model.events import Event, from_json, to_json
from handrail.model.outcomes import ProblemKind, Verdict
from handrail.model.quarantine import Quarantined
from handrail.model.records import RunRecord
from handrail.reporters.github import annotations
from handrail.reporters.lines import summary_counts

ENTRY = Quarantined(test="a", reason="slow", owner="jo", expires="2026-12-05")
OVER = replace(ENTRY, is_expired=True)
RED = (collected("a", "b"), failed("a", problem()), finished("b"), ended(0))


def run(entry: Quarantined, *events: Event) -> RunRecord:
    started = from_json(to_json(replace(STARTED, quarantine=(entry,))))
    return fold([started, *events])


def test_a_failure_in_quarantine_does_not_fail_the_run() -> None:
    record = run(ENTRY, *RED)

    assert judge(record).verdict is Verdict.PASSED
    assert [each.attempt.test for each in held_back(record)] == ["a"]
    assert expired(record) == ()
    assert dict(summary_counts(record)) == {"passed": 1, "failed": 0, "quarantined": 1}


def test_a_failure_counts_again_when_quarantine_is_over() -> None:
    record = run(OVER, *RED)

    assert judge(record).verdict is Verdict.FAILED
    assert [each.entry for each in expired(record)] == [OVER]
    assert held_back(record) == ()


def test_another_failure_counts() -> None:
    record = run(ENTRY, collected("a", "b"), failed("a"), failed("b"), ended(1))

    assert judge(record).verdict is Verdict.FAILED


def test_what_it_lacks_is_no_trouble_of_the_run() -> None:
    lack = problem(kind=ProblemKind.INFRA)

    assert judge(run(ENTRY, collected("a"), failed("a", lack), ended(0))).verdict is Verdict.PASSED


def test_a_plugin_that_is_not_content_still_fails_the_run() -> None:
    record = run(ENTRY, collected("a"), failed("a"), ended(1))

    assert judge(record).verdict is Verdict.FAILED


def test_an_entry_without_brackets_means_all_parameters() -> None:
    record = run(ENTRY, collected("a[1]", "a[2]"), failed("a[1]"), failed("a[2]"), ended(0))

    assert [each.attempt.test for each in held_back(record)] == ["a[1]", "a[2]"]


def test_its_cause_comes_last_and_says_so() -> None:
    other = problem("ValueError")
    record = run(ENTRY, collected("a", "b"), failed("a", problem()), failed("b", other), ended(1))

    found = causes(record)

    assert [each.tests for each in found] == [("b",), ("a",)]
    assert labels(found, {}, {"a"}) == {"F1": Label.NEW, "F2": Label.QUARANTINED}


def test_a_cause_that_costs_another_test_too_counts() -> None:
    record = run(
        ENTRY, collected("a", "b"), failed("a", problem()), failed("b", problem()), ended(1)
    )

    assert labels(causes(record), {}, {"a"}) == {"F1": Label.NEW}


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["passed"] * 30, True),
        (["passed", "skipped"] * 30, True),
        (["passed"] * 30 + ["failed"], True),
        (["passed"] * 29, False),
        (["passed"] * 29 + ["failed"], False),
        (["passed"] * 5 + ["error"] + ["passed"] * 30, False),
    ],
)
def test_thirty_good_attempts_in_a_row_are_enough(outcomes: list[str], expected: bool) -> None:
    assert is_stable(outcomes) is expected


def test_in_ci_it_is_a_warning() -> None:
    record = run(ENTRY, *RED)

    shown = annotations(record, judge(record), causes(record)).splitlines()

    assert [each.partition(" ")[0] for each in shown] == ["::warning", "::warning"]
    assert "title=quarantined::a failed, which does not count" in shown[1]
