"""Reports of others become attempts, and our own come back as they went."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import STARTED, collected, ended, failed, finished

from handrail.core.folding import fold, last_attempts
from handrail.core.imports import Imported, NotAReportError, node_of, read_report
from handrail.core.verdicts import judge
from handrail.frozen import replace
from handrail.model.outcomes import Outcome
from handrail.model.quarantine import Quarantined
from handrail.reporters.ctrf import ctrf
from handrail.reporters.junit import junit

FILES = {"tests/test_a.py", "test_b.py"}
RUN = fold(
    [
        STARTED,
        collected(),
        finished("tests/test_a.py::TestX::test_1[a.b]"),
        failed("test_b.py::test_2"),
        finished("test_b.py::test_3", Outcome.SKIPPED),
        finished("test_b.py::test_4", Outcome.XFAILED),
        finished("test_b.py::test_5", Outcome.ERROR),
        failed("test_b.py::test_6"),
        finished("test_b.py::test_6", attempt=2),
        ended(1),
    ]
)


def read(text: str) -> Imported:
    return read_report(text, FILES.__contains__)


def test_our_own_ctrf_comes_back_with_every_attempt() -> None:
    found = read(json.dumps(ctrf(RUN, judge(RUN), version="1")))

    assert [(e.test, e.outcome, e.attempt) for e in found.attempts] == [
        (e.test, e.outcome, e.attempt) for e in RUN.finished
    ]
    assert found.started_at == STARTED.at


def test_our_own_junit_comes_back() -> None:
    found = read(junit(RUN, judge(RUN)))

    last = {e.test: e.outcome for e in last_attempts(RUN).values()}
    assert {e.test: e.outcome for e in found.attempts} == last
    assert found.took_s == pytest.approx(0.1 * len(last))
    assert found.started_at == STARTED.at


@pytest.mark.parametrize("form", ["junit", "ctrf"])
def test_a_failure_in_quarantine_comes_back_as_a_failure(form: str) -> None:
    entry = Quarantined(test="test_b.py::test_2", reason="slow", owner="jo", expires="2026-12-05")
    run = fold([replace(STARTED, quarantine=(entry,)), collected(), failed(entry.test), ended(0)])
    text = junit(run, judge(run)) if form == "junit" else json.dumps(ctrf(run, judge(run)))

    (found,) = read(text).attempts

    assert (found.test, found.outcome) == (entry.test, Outcome.FAILED)


def test_a_failure_before_a_pass_is_an_attempt_of_its_own() -> None:
    text = (
        '<testsuite hostname="ci-7" timestamp="2026-01-31T12:00:00"><testcase name="test_x" '
        'classname="test_b" time="2.5"><flakyFailure message="no"/></testcase></testsuite>'
    )

    found = read(text)

    assert [(e.test, e.outcome, e.attempt) for e in found.attempts] == [
        ("test_b.py::test_x", Outcome.FAILED, 1),
        ("test_b.py::test_x", Outcome.PASSED, 2),
    ]
    assert (found.machine, found.started_at) == ("ci-7", 1769860800.0)


@pytest.mark.parametrize(
    ("case", "node"),
    [
        ({"classname": "tests.test_a", "name": "t"}, "tests/test_a.py::t"),
        ({"classname": "tests.test_a.X.Y", "name": "t[1]"}, "tests/test_a.py::X::Y::t[1]"),
        ({"classname": "x.X", "name": "t", "file": "x.py"}, "x.py::X::t"),
        ({"classname": "com.acme.Shop", "name": "t"}, "com.acme.Shop::t"),
        ({"classname": "", "name": "t"}, "t"),
        ({}, ""),
    ],
)
def test_a_class_name_becomes_a_node_id(case: dict[str, str], node: str) -> None:
    assert node_of(case, FILES.__contains__) == node


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html/>", "its root is html, not testsuites"),
        ("<testsuites/>", "it holds no test"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', "it declares entities, which are not read"),
        ('{"results": {"tests": []}}', "it holds no test"),
        ("{}", "'results'"),
        (
            '<testsuite><testcase name="a" time="nan"/></testsuite>',
            "a test took less than no time, or for ever",
        ),
        (
            '{"results": {"tests": [{"status": "passed", "name": "a", "duration": 1e999, "retries": 1e999}]}}',
            "cannot convert float infinity to integer",
        ),
        ("no report", "its first character is neither < nor {"),
    ],
)
def test_what_is_no_report_is_refused(text: str, said: str) -> None:
    with pytest.raises(NotAReportError) as caught:
        read(text)

    assert str(caught.value) == said


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda inner: (
    st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["results", "tests", "name", "status"]), inner, max_size=4)
)).map(json.dumps))  # fmt: skip
def test_whatever_is_in_a_file_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(NotAReportError):
        read(text)
