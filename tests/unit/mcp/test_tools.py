"""Which command line a tool stands for, and that nothing an agent writes becomes an option of it."""

import math
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.cli.parser import parse
from handrail.mcp.tools import TOOLS, ToolArgumentsError

texts = st.one_of(
    st.text(),
    st.sampled_from(
        ["--", "-x", "--allow", "--allow=careful", "--allow careful", "-", "=--allow=a"]
    ),
    st.from_regex(r"-{0,2}(allow|tier|k|p|o|c)?[= ]?[a-z]*", fullmatch=True),
)
values = st.one_of(
    texts, st.lists(texts, max_size=3), st.booleans(), st.integers(), st.floats(), st.none()
)


def line(name: str, **given: object) -> list[str]:
    return TOOLS[name].command_line(given)


def complaints(name: str, given: dict[str, Any]) -> str:
    with pytest.raises(ToolArgumentsError) as caught:
        TOOLS[name].command_line(given)
    return caught.value.text()


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("tests_plan", {}, ["tiers", "--json"]),
        ("run_start", {}, ["start", "--json"]),
        (
            "run_start",
            {"targets": ["a.py", "b.py::c"], "tiers": ["fast", "slow"], "keyword": "a or b"},
            ["start", "--json", "--tier=fast", "--tier=slow", "-k", "a or b", "a.py", "b.py::c"],
        ),
        (
            "run_start",
            {"last_failed": True, "stop_at_first_failure": True, "new": False, "workers": 2.0},
            ["start", "--json", "--lf", "-x", "-n", "2"],
        ),
        ("run_start", {"budget_s": 90, "new": True}, ["start", "--json", "--budget=90.000s", "--new"]),
        ("run_status", {"run": None}, ["status", "--json", "latest"]),
        ("run_wait", {}, ["wait", "--json", "--timeout=50.000s", "latest"]),
        (
            "run_wait",
            {"run": "k3m4", "timeout_s": 0.25, "until": "50%"},
            ["wait", "--json", "--timeout=0.250s", "--until=50%", "k3m4"],
        ),
        ("run_stop", {"run": "k3m4"}, ["stop", "--json", "k3m4"]),
        (
            "run_rerun",
            {"failures": ["F1", "a.py::b"], "timeout_s": 1},
            ["rerun", "--json", "--wait=1.000s", "latest", "F1", "a.py::b"],
        ),
        ("failure_get", {"failure": "F2"}, ["explain", "--json", "latest", "F2"]),
        (
            "run_logs",
            {"since": "k3m4:12", "tail": 3, "grep": "--allow=x", "max_bytes": 100},
            ["logs", "--json", "--since=k3m4:12", "--tail=3", "--grep=--allow=x", "--max-bytes=100B", "latest"],
        ),
        ("flaky_check", {}, ["flaky", "list", "--json"]),
        ("doctor", {}, ["doctor", "--json"]),
        ("runs_list", {}, ["runs", "--json"]),
    ],
)  # fmt: skip
def test_a_tool_stands_for_a_command_line(
    name: str, given: dict[str, object], words: list[str]
) -> None:
    assert line(name, **given) == words
    assert parse(words).command is not None


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(TOOLS)).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.fixed_dictionaries(
                {}, optional={each.name: values for each in TOOLS[name].arguments}
            ),
        )
    )
)
def test_whatever_an_agent_writes_no_gate_is_opened_and_nothing_goes_to_pytest_unseen(
    call: tuple[str, dict[str, Any]],
) -> None:
    name, given = call
    try:
        words = line(name, **given)
    except ToolArgumentsError:
        return
    if name == "run_logs" and "grep" in given:
        try:
            re.compile(given["grep"] or "")
        except re.error:
            return

    parsed = parse(words)

    assert getattr(parsed, "allow", []) == []
    assert parsed.behind == []
    assert vars(parsed).get("targets", []) == (given.get("targets") or [])
    assert vars(parsed).get("tier", []) == (given.get("tiers") or [] if name == "run_start" else [])
    keyword = vars(parsed).get("pytest-k", [])
    assert keyword == ([given["keyword"]] if given.get("keyword") else [])


@pytest.mark.parametrize(
    "given", ["-x", "--allow=careful", "--", "", "a\0b", "\ud800", 3, True, ["a"]]
)
@pytest.mark.parametrize("argument", ["keyword", "targets", "tiers"])
def test_what_is_no_plain_word_is_refused(argument: str, given: object) -> None:
    is_list = argument != "keyword"

    told = complaints("run_start", {argument: [given] if is_list else given})

    assert f"\n  {argument}: " in told


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("run_start", {"allow": ["careful"]}),
        ("run_start", {"--allow": "careful"}),
        ("run_start", {"targets": "a.py"}),
        ("run_start", {"last_failed": "yes"}),
        ("run_start", {"workers": 1.5}),
        ("run_start", {"budget_s": math.nan}),
        ("run_wait", {"timeout_s": 101}),
        ("run_wait", {"timeout_s": 0}),
        ("run_wait", {"timeout_s": "5s"}),
        ("run_wait", {"until": "--json"}),
        ("run_rerun", {"timeout_s": 100.5}),
        ("run_rerun", {"failures": ["--wait=9h"]}),
        ("run_status", {"run": "--all"}),
        ("run_status", {"run": "some/folder"}),
        ("run_logs", {"since": "-1"}),
        ("run_logs", {"max_bytes": 10**9}),
        ("failure_get", {}),
        ("failure_get", {"failure": "x" * 5000}),
        ("tests_plan", {"tier": "fast"}),
    ],
)
def test_what_a_tool_does_not_take_is_refused_as_its_schema_says(
    name: str, given: dict[str, Any]
) -> None:
    assert complaints(name, given)
    if not any(isinstance(each, float) and math.isnan(each) for each in given.values()):
        assert list(jsonschema.Draft202012Validator(TOOLS[name].schema()).iter_errors(given))


def test_everything_that_is_wrong_is_told_at_once() -> None:
    given = {"targets": ["a.py", "--allow=careful"], "workers": -1, "allow": ["careful"]}

    assert complaints("run_start", given) == (
        "error: run_start cannot be called with these arguments; nothing was done [tool-arguments]\n"
        "  'allow': no such argument\n"
        "  targets: '--allow=careful' is empty, or begins with - as options do\n"
        "  workers: -1 is not from 0 to 1024\n"
        "\n"
        "hint: arguments of run_start: targets, tiers, keyword, last_failed, stop_at_first_failure, "
        "workers, budget_s, log_tests, new; options are not passed on"
    )


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_the_schema_of_a_tool_is_one(name: str) -> None:
    schema = TOOLS[name].schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert "allow" not in schema["properties"]
