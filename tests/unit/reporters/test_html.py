"""The HTML report: its data, what it compares, and how it is put together. What it looks like is
for the tests in a browser."""

import base64
import json
import re
import zlib
from typing import Any

import pytest
from hostile_runs import runs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_runs import (
    WRONG_TOTAL,
    Reported,
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

from handrail.core.causes import Label
from handrail.core.folding import is_bad, last_attempts
from handrail.core.profiles import FixtureCost, Profile, SleepCost
from handrail.frozen import replace
from handrail.model.outcomes import Outcome
from handrail.model.quarantine import Quarantined
from handrail.reporters.html.comparing import compare
from handrail.reporters.html.data import Attached, Beside, page_data
from handrail.reporters.html.making import SCRIPTS, asset, pack, page, scripts

_DATA = re.compile(r'<script type="application/json" id="data" data-kind="(\w+)">(.*?)</script>')


def data_of(run: Reported, beside: Beside | None = None) -> dict[str, Any]:
    parts = (run.record, run.judgement, run.causes, run.labels)
    found: dict[str, Any] = json.loads(json.dumps(page_data(*parts, beside or Beside())))
    return found


def page_of(run: Reported) -> str:
    return page(data_of(run), digest="FAILED")


def unpacked(text: str) -> dict[str, Any]:
    """What the page's own script reads."""
    ((kind, body),) = _DATA.findall(text)
    if kind == "deflate":
        body = zlib.decompress(base64.b64decode(body))
    found: dict[str, Any] = json.loads(body)
    return found


# The data.


@pytest.mark.parametrize("run", [green(), red(), budget_exceeded(), nothing_selected()])
def test_every_column_has_one_entry_for_each_test(run: Reported) -> None:
    tests = data_of(run)["tests"]

    columns = ("names", "outcomes", "ticks", "setup", "teardown", "starts", "workers", "histories")
    assert {len(tests[each]) for each in columns} == {run.record.total}
    assert sum(count for _, count in tests["files"]) == run.record.total


def test_a_test_that_passed_in_the_end_is_flaky_and_keeps_its_first_failure() -> None:
    found = data_of(red())

    at = found["tests"]["names"].index("test_get")
    assert found["tests"]["outcomes"][at] == "k"
    (first,) = found["attempts"][str(at)]
    assert first["outcome"] == "f"
    assert "{'total': 4}" in first["problems"][0]["text"]


def test_a_planned_test_without_an_attempt_did_not_run() -> None:
    found = data_of(red())

    at = found["tests"]["names"].index("test_never")
    assert found["tests"]["outcomes"][at] == "n"


@pytest.mark.parametrize(
    ("is_expired", "letter", "reason"),
    [
        (False, "q", "in quarantine until 2026-12-05 (ann): waits for a bank"),
        (True, "f", "its quarantine is over since 2026-12-05 (ann): waits for a bank"),
    ],
)
def test_a_failure_in_quarantine_says_why_it_does_not_count(
    is_expired: bool, letter: str, reason: str
) -> None:
    entry = Quarantined(
        test="a.py::t", reason="waits for a bank", owner="ann", expires="2026-12-05", is_expired=is_expired
    )  # fmt: skip
    begun = replace(started(), quarantine=(entry,))
    run = reported(
        begun, planned(["a.py::t"]), attempt("a.py::t", Outcome.FAILED, WRONG_TOTAL), over(1)
    )

    tests = data_of(run)["tests"]

    assert (tests["outcomes"], tests["reason_texts"]) == (letter, [reason])


def test_a_cause_names_its_tests_by_number_and_a_broken_module_by_name() -> None:
    found = data_of(red())

    by_title = {each["title"]: each for each in found["causes"]}
    names = [found["tests"]["names"][each] for each in by_title["TypeError"]["tests"]]
    assert names == [f"test_{w}" for w in ("refund", "cancel", "list", "pay", "ship", "return")]
    assert by_title["collection (SyntaxError)"]["nodes"] == ["tests/it/test_broken.py"]


def test_a_cause_that_is_not_new_says_since_which_commit() -> None:
    run = red()
    known = [replace(each, first_seen="0123456789abcdef") for each in run.causes]
    labels = dict.fromkeys(run.labels, Label.KNOWN) | {known[0].id: Label.NEW}

    found = page_data(run.record, run.judgement, known, labels, Beside())["causes"]

    assert [each["since"] for each in found] == ["", *["0123456789"] * (len(known) - 1)]


def test_what_a_cause_shows_is_not_told_a_second_time() -> None:
    found = data_of(red())

    at = found["tests"]["names"].index("test_refund")
    assert found["problems"][str(at)] == [{"cause": 0}]


def test_of_very_many_long_causes_the_later_ones_are_told_in_short() -> None:
    tests = [f"a.py::test_{number}" for number in range(700)]
    told = [
        replace(WRONG_TOTAL, path=f"{test}.py", text="x" * 40_000, message="it is wrong")
        for test in tests
    ]
    bad = (attempt(test, Outcome.FAILED, each) for test, each in zip(tests, told, strict=True))

    causes = data_of(reported(started(), planned(tests), *bad, over(1)))["causes"]

    assert len(causes) == len(tests)
    assert 15_000_000 < sum(len(each["text"]) for each in causes) < 17_000_000
    assert (causes[-1]["text"], causes[-1]["message"]) == ("", "AssertionError: it is wrong")


def test_secrets_are_hidden_in_text_and_in_values() -> None:
    frame = replace(WRONG_TOTAL.frames[0], locals=(("password", "'hunter2'"),))
    told = replace(WRONG_TOTAL, text="E  token=hunter2", frames=(frame,))
    run = reported(
        started(), planned(["a.py::t"]), attempt("a.py::t", Outcome.FAILED, told), over(1)
    )

    assert "hunter2" not in json.dumps(data_of(run))


def test_earlier_outcomes_are_letters_newest_first() -> None:
    run = green(2)
    (first, _) = (each.test for each in run.record.finished)

    tests = data_of(run, Beside(outcomes={first: ("failed", "passed", "who knows")}))["tests"]

    texts = [tests["history_texts"][each] for each in tests["histories"]]
    assert texts == ["fpn", ""]


def test_what_usually_was_the_duration_comes_from_the_plan() -> None:
    run = reported(
        started(),
        replace(planned(["a.py::t", "a.py::u"]), usual_s=(0.5, -1.0)),
        attempt("a.py::t"),
        attempt("a.py::u"),
        over(0),
    )

    assert data_of(run)["tests"]["usual"] == [5000, -1]


def test_a_small_attachment_is_in_the_page_and_a_large_one_beside_it() -> None:
    run = green(1)
    (test,) = (each.test for each in run.record.finished)
    small = Attached(test=test, name="a.txt", kind="text/plain", size_bytes=1, data="YQ==")
    large = Attached(test=test, name="b.zip", kind="application/zip", size_bytes=9, href="f/b.zip")
    strange = replace(large, test="not of this run")

    found = data_of(run, Beside(attached=(small, large, strange)))["attached"]

    assert found == {
        "0": [
            {"name": "a.txt", "kind": "text/plain", "bytes": 1, "data": "YQ=="},
            {"name": "b.zip", "kind": "application/zip", "bytes": 9, "href": "f/b.zip"},
        ]
    }


def test_a_profile_tells_what_costs_most_and_what_to_do() -> None:
    sleep = SleepCost(where="conftest.py:4", count=2, seconds=60.0)
    fixture = FixtureCost(name="db", scope="session", where="", count=2, seconds=3.0, workers=2)
    profile = Profile(kind="time", sleeps=(sleep,), fixtures=(fixture,))

    found = data_of(red(), Beside(profile=profile, graph="<svg>"))["spending"]

    assert found["advice"][0] == {
        "seconds": 60.0,
        "what": "conftest.py:4 slept 2 times",
        "todo": "wait for what the test waits for: an event, a condition, a readiness probe",
    }
    assert found["fixtures"] == [["db (session) ", 2, 3.0]]
    assert found["sleeps"] == [["conftest.py:4", 2, 60.0]]
    assert base64.b64decode(found["graph"]) == b"<svg>"
    assert "sleeps" not in data_of(red())["spending"]


# Compared with the run before.


def test_what_fails_now_what_is_fixed_and_what_came_and_went() -> None:
    before = reported(
        started(),
        planned(["a.py::broke", "a.py::mended", "a.py::gone"]),
        attempt("a.py::broke"),
        attempt("a.py::mended", Outcome.FAILED, WRONG_TOTAL),
        attempt("a.py::gone"),
        over(1),
    ).record
    now = reported(
        started(),
        planned(["a.py::broke", "a.py::mended", "a.py::came"]),
        attempt("a.py::broke", Outcome.FAILED, WRONG_TOTAL),
        attempt("a.py::mended"),
        attempt("a.py::came"),
        over(1),
    ).record

    found = compare(before, now)

    assert (found.failing, found.fixed) == (["a.py::broke"], ["a.py::mended"])
    assert (found.added, found.removed) == (["a.py::came"], ["a.py::gone"])
    assert not found.slower
    assert not found.faster


@pytest.mark.parametrize(
    ("was_s", "took_s", "is_slower"),
    [(1.0, 1.6, True), (1.0, 1.4, False), (0.01, 0.1, False), (0.0, 0.1, True)],
)
def test_slower_is_half_as_long_again_and_a_tenth_of_a_second(
    was_s: float, took_s: float, is_slower: bool
) -> None:
    before, now = (
        reported(started(), replace(attempt("a.py::t"), duration_s=each), over(0)).record
        for each in (was_s, took_s)
    )

    assert [test for test, _, _ in compare(before, now).slower] == ["a.py::t"] * is_slower
    assert [test for test, _, _ in compare(now, before).faster] == ["a.py::t"] * is_slower


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=25)
@given(runs(), runs())
def test_what_fails_now_or_was_fixed_is_so_in_the_runs(before: Reported, now: Reported) -> None:
    found = compare(before.record, now.record)

    old, new = last_attempts(before.record), last_attempts(now.record)
    assert all(is_bad(new[test]) for test in found.failing)
    assert all(is_bad(old[test]) and not is_bad(new[test]) for test in found.fixed)
    assert not set(found.failing) & set(found.fixed)
    assert not set(found.added) & set(found.removed)


# The page.


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=25)
@given(runs())
def test_the_page_holds_the_data_whatever_tests_print(run: Reported) -> None:
    assert unpacked(page_of(run)) == data_of(run)


@pytest.mark.parametrize("size", [1, 500])
def test_no_text_can_end_the_element_that_holds_the_data(size: int) -> None:
    name = "test_</script><script>alert(1)</script><!--"
    tests = [f"a.py::{name}[{number}]" for number in range(size)]
    run = reported(started(), planned(tests), *map(attempt, tests), over(0))

    text = page_of(run)

    assert "alert(1)" not in text.replace(text[slice(*_DATA.search(text).span(2))], "")  # type: ignore[union-attr]
    assert "</script" not in _DATA.findall(text)[0][1].lower()
    assert text.count("</script>") == 2


def test_the_digest_and_the_title_are_escaped() -> None:
    run = reported(replace(started(), run_id="<b>"), planned([]), over(5))

    text = page(data_of(run), digest="<i>&amp;")

    assert "&lt;i&gt;&amp;amp;" in text
    assert "<title>nothing_ran · &lt;b&gt; · Handrail</title>" in text


def test_the_page_names_nothing_outside_itself() -> None:
    text = page_of(red())

    assert re.findall(r'(?:src|href|action)="(?!#|data:)[^"]*"', text) == []
    assert re.findall(r"\burl\(|@import|https?://", text) == []


def test_a_value_that_looks_like_a_place_of_the_template_is_a_value() -> None:
    assert "{{DATA}}" in page(data_of(green(1)), digest="{{DATA}}")


@given(st.text(max_size=20000))
def test_what_is_packed_is_as_small_as_it_can_be(text: str) -> None:
    written = json.dumps([text])

    kind, body = pack(written)

    assert len(body) <= len(written.replace("<", "\\u003c"))
    assert (kind == "deflate") == (body != written.replace("<", "\\u003c"))


def test_every_script_of_the_page_is_part_of_it() -> None:
    whole = scripts(*SCRIPTS)

    assert all(asset(name) in whole for name in SCRIPTS)
    assert "</script" not in whole
    assert "innerHTML" not in whole
