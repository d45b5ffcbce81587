"""JSON, events, JUnit, CTRF and GitHub: exports of the same record."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hostile_runs import extra_events, runs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from made_runs import (
    CHAOS,
    WRONG_TOTAL,
    Reported,
    assert_golden,
    attempt,
    budget_exceeded,
    green,
    nothing_selected,
    over,
    planned,
    quarantined,
    red,
    reported,
    started,
)

from handrail.core.folding import fold
from handrail.core.verdicts import judge
from handrail.frozen import replace
from handrail.model.events import Event, Note, Progress, Running, from_json
from handrail.model.outcomes import Outcome
from handrail.reporters.ctrf import ctrf
from handrail.reporters.github import annotations, step_summary
from handrail.reporters.json_report import Extras, document, text
from handrail.reporters.junit import junit, names_of
from handrail.reporters.ndjson import line
from handrail.reporters.run_schema import RUN_SCHEMA

hostile = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=25)
FULL = Extras(
    stage="pr-fast",
    has_tests=True,
    outcomes={"tests/it/test_orders.py::test_refund": ["failed", "passed"]},
    log={"cursor": "12", "lines": ["a"], "path": "log.txt"},
    artifacts={"junit": "junit.xml"},
)


def as_json(run: Reported, extras: Extras = FULL) -> dict:
    return json.loads(text(document(run.record, run.judgement, run.causes, run.labels, extras)))


def assert_valid(found: dict) -> None:
    Draft202012Validator(RUN_SCHEMA).validate(found)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(RUN_SCHEMA)


def test_a_run_as_json() -> None:
    run = red()

    assert_golden(
        "run_red.json",
        text(document(run.record, run.judgement, run.causes, run.labels, FULL), indent=1) + "\n",
    )


@pytest.mark.parametrize(
    "run", [red(), green(), green(0, CHAOS), budget_exceeded(), nothing_selected()]
)
def test_the_document_follows_its_published_schema(run: Reported) -> None:
    assert_valid(as_json(run))


@hostile
@given(runs())
def test_the_document_follows_its_schema_whatever_tests_print(run: Reported) -> None:
    found = document(run.record, run.judgement, run.causes, run.labels, FULL)

    assert_valid(json.loads(text(found)))
    assert text(found).isascii()
    assert not re.search(r"(?<!\\)(\\\\)*\\ud8..(?!\\ud[c-f])", text(found))
    assert "hunter2" not in text(found)


def test_the_schema_notices_what_is_missing_or_wrong() -> None:
    found = as_json(red())

    for broken in ({"verdict": "fine"}, {"failures": [{"id": "F1"}]}, {"schema": "handrail.run/2"}):
        assert not Draft202012Validator(RUN_SCHEMA).is_valid(found | broken)
    assert not Draft202012Validator(RUN_SCHEMA).is_valid({**found, "summary": {}})


def test_tests_are_listed_only_on_request() -> None:
    assert "tests" not in as_json(red(), Extras())
    assert len(as_json(red())["tests"]) == 29


def test_a_run_that_goes_on_has_no_verdict_yet_but_an_estimate() -> None:
    tests = [str(index) for index in range(10)]
    signs = Progress(
        at=1_700_000_005.0, running=(Running(test="4", for_s=2.0, worker="w", usual_s=1.0),)
    )
    record = fold([started(), planned(tests), *map(attempt, tests[:4]), signs])

    found = json.loads(
        text(document(record, None, (), {}, Extras(state="running", now=1_700_000_009.0)))
    )

    assert_valid(found)
    assert (found["verdict"], found["exit_code"], found["state"]) == (None, None, "running")
    assert found["timing"]["eta_s"] == 12.0
    assert found["timing"]["eta_basis"] == "pace"
    assert found["timing"]["last_progress_s_ago"] == 4.0
    assert found["timing"]["running"] == [{"test": "4", "for_s": 6.0, "usual_s": 1.0}]
    assert found["next"] == [{"why": "it still runs", "command": "handrail wait 7k2f"}]


def test_a_run_that_is_over_has_nothing_left() -> None:
    timing = as_json(red())["timing"]

    assert (timing["eta_s"], timing["eta_basis"]) == (None, "none")


def test_a_failure_says_what_history_knows() -> None:
    first, second, *_ = as_json(red())["failures"]

    assert first["history"] == {"label": "new", "last_n": 2, "failed_last_n": 1}
    assert second["history"] == {"label": "new"}


def test_a_problem_of_the_run_is_told_with_its_fix() -> None:
    assert as_json(budget_exceeded())["infra"] == {
        "code": "budget",
        "message": "the budget of 60s is used up",
        "fix": "raise tiers.fast.budget, or run less",
    }
    assert as_json(red())["infra"] is None


def test_more_failures_than_fifty_are_counted() -> None:
    tests = [f"a.py::t{index}" for index in range(60)]
    bad = [
        attempt(test, Outcome.FAILED, _at_line(line)) for line, test in enumerate(tests, start=1)
    ]

    found = as_json(reported(started(), planned(tests), *bad, over(1)))

    assert len(found["failures"]) == 50
    assert found["failures_omitted"] == 10


def _at_line(line: int):
    from dataclasses import replace

    return replace(WRONG_TOTAL, line=line)


@hostile
@given(extra_events | st.just(started()))
def test_an_event_is_one_line_of_json_that_reads_back(event: Event) -> None:
    shown = line(event)

    assert shown.endswith("\n")
    assert len(shown.splitlines()) == 1
    assert shown.isascii()
    assert type(from_json(json.loads(shown))) is type(event)


def test_an_event_is_printed_without_secrets() -> None:
    assert "hunter2" not in line(Note(at=1.0, text="password=hunter2"))


def test_a_run_as_junit() -> None:
    run = red()

    assert_golden("junit_red.xml", junit(run.record, run.judgement))


@hostile
@given(runs())
def test_junit_is_xml_that_shows_every_test_and_never_passes_for_a_pass(run: Reported) -> None:
    found = ET.fromstring(junit(run.record, run.judgement))

    suite = found.find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases)
    assert len(cases) >= len(set(run.record.collected.tests))
    is_bad = int(suite.attrib["failures"]) + int(suite.attrib["errors"]) > 0
    assert is_bad or run.judgement.exit_code == 0 or run.causes
    assert "hunter2" not in ET.tostring(found, encoding="unicode")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("tests/test_a.py::test_b", ("tests.test_a", "test_b")),
        ("tests/test_a.py::TestC::test_b[x::y/z]", ("tests.test_a.TestC", "test_b[x::y/z]")),
        ("tests/test_a.py", ("", "tests/test_a.py")),
    ],
)
def test_junit_names_tests_as_pytest_does(node: str, expected: tuple[str, str]) -> None:
    assert names_of(node) == expected


def test_a_run_that_no_test_explains_is_an_error_of_its_own_in_junit() -> None:
    run = budget_exceeded()

    found = ET.fromstring(junit(run.record, run.judgement))

    (error,) = found.iter("error")
    assert error.attrib == {"type": "timed_out", "message": "the budget of 60s is used up"}


def test_a_failure_in_quarantine_is_skipped_in_junit_with_the_reason() -> None:
    run = quarantined()

    assert run.judgement.exit_code == 0
    assert_golden("junit_quarantined.xml", junit(run.record, run.judgement))


def test_a_failure_in_quarantine_is_other_in_ctrf_with_the_reason() -> None:
    run = quarantined()

    assert_golden("ctrf_quarantined.json", json.dumps(ctrf(run.record, run.judgement), indent=1))


def test_a_run_that_fails_for_another_reason_is_red_although_its_failures_are_in_quarantine() -> (
    None
):
    run = quarantined()
    broken = replace(run.record, session=over(3))
    judgement = judge(broken)

    (error,) = ET.fromstring(junit(broken, judgement)).iter("error")

    assert error.attrib == {"type": "infra_error", "message": "pytest had an internal error"}
    assert ctrf(broken, judgement)["results"]["summary"]["failed"] == 1


def test_a_failure_whose_quarantine_is_over_is_a_failure() -> None:
    run = quarantined(is_expired=True)

    (suite,) = ET.fromstring(junit(run.record, run.judgement))

    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "0")
    assert ctrf(run.record, run.judgement)["results"]["summary"]["failed"] == 1


def test_a_run_as_ctrf() -> None:
    run = red()

    assert_golden(
        "ctrf_red.json", json.dumps(ctrf(run.record, run.judgement, version="1.0"), indent=1)
    )


@hostile
@given(runs())
def test_ctrf_counts_what_it_lists_and_never_passes_for_a_pass(run: Reported) -> None:
    found = ctrf(run.record, run.judgement)

    summary, tests = found["results"]["summary"], found["results"]["tests"]
    statuses = ("passed", "failed", "skipped", "pending", "other")
    assert summary["tests"] == len(tests) == sum(summary[word] for word in statuses)
    assert all(each["status"] in statuses and each["name"] for each in tests)
    assert summary["failed"] or run.judgement.exit_code == 0
    assert "hunter2" not in json.dumps(found)


def test_an_unfinished_test_is_pending_in_ctrf() -> None:
    run = budget_exceeded()

    assert ctrf(run.record, run.judgement)["results"]["summary"]["pending"] == 6


def test_a_cause_is_one_annotation_at_its_line() -> None:
    run = red()

    assert_golden("github_red.txt", annotations(run.record, run.judgement, run.causes))


def test_a_run_as_a_step_summary() -> None:
    run = red()

    shown = step_summary(run.record, run.judgement, run.causes, run.labels)

    assert_golden("github_red.md", shown)


@hostile
@given(runs())
def test_no_text_can_leave_its_annotation(run: Reported) -> None:
    for shown in annotations(run.record, run.judgement, run.causes).splitlines():
        assert re.match(r"::(error|warning) [^\r\n]*::", shown)
    assert "hunter2" not in annotations(run.record, run.judgement, run.causes)


def test_percent_signs_breaks_colons_and_commas_are_escaped_in_annotations() -> None:
    problem = _at_line(3)
    from dataclasses import replace

    odd = replace(problem, path="a:b,c.py", message="100%\nof", exception="E")
    run = reported(started(), planned(["t"]), attempt("t", Outcome.FAILED, odd), over(1))

    shown = annotations(run.record, run.judgement, run.causes)

    assert shown.startswith(
        "::error file=a%3Ab%2Cc.py,line=3,title=F1 E in 1 test::E: 100%25%0Aof%0A"
    )


def test_ten_annotations_are_the_most() -> None:
    tests = [f"a.py::t{index}" for index in range(14)]
    bad = [
        attempt(test, Outcome.FAILED, _at_line(number))
        for number, test in enumerate(tests, start=1)
    ]
    run = reported(started(), planned(tests), *bad, over(1))

    shown = annotations(run.record, run.judgement, run.causes).splitlines()

    assert len(shown) == 10
    assert shown[-1] == "::error title=5 more causes::5 more causes: see the summary of this step"


def test_a_run_that_no_cause_explains_is_an_annotation_of_its_own() -> None:
    run = budget_exceeded()

    shown = annotations(run.record, run.judgement, run.causes)

    assert shown == "::error title=handrail%3A timed_out::the budget of 60s is used up\n"


@hostile
@given(runs())
def test_no_text_can_leave_its_block_of_code_in_a_summary(run: Reported) -> None:
    shown = step_summary(run.record, run.judgement, run.causes, run.labels)

    fence = ""
    for row in shown.splitlines():
        opening = re.match(r"(`{3,})text$", row)
        if not fence and opening:
            fence = opening[1]
        elif fence and row == fence:
            fence = ""
        elif not fence:
            assert not row or re.match(r"### `|\*\*F\d|- `|</?details>|\+\d+ more", row)
    assert not fence
    assert "hunter2" not in shown
    assert len(shown.encode()) < 1_000_000
