"""Who reads the answer, by what the environment tells."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.model.surroundings import answers_agent, format_for, is_agent

AGENT = {"CLAUDECODE": "1"}
GITHUB = {"GITHUB_ACTIONS": "true"}
NO = ["", "0", "false", "False", "NO", "no", "off", "OFF"]
YES = ["1", "true", "yes", "on", "claude", "2"]
NAMES = [
    "AI_AGENT",
    "AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE",
    "CODEX_SANDBOX",
    "CURSOR_AGENT",
    "CURSOR_TRACE_ID",
    "GEMINI_CLI",
    "OPENCODE",
    "REPL_ID",
]
environments = st.dictionaries(
    st.sampled_from([*NAMES, "HANDRAIL_AGENT", "GITHUB_ACTIONS", "TERM"]),
    st.sampled_from([*NO, *YES]),
)
formats = st.sampled_from(["human", "agent", "json", "ndjson", "github"])


@pytest.mark.parametrize("name", NAMES)
def test_an_agent_is_known_by_any_of_its_variables(name: str) -> None:
    assert is_agent({name: "1"})
    assert is_agent({name: "some-id"})


@pytest.mark.parametrize("value", NO)
def test_a_variable_that_says_no_is_no_agent(value: str) -> None:
    assert not is_agent({"CLAUDECODE": value})
    assert is_agent({"CLAUDECODE": value, "AGENT": "1"})


@pytest.mark.parametrize("environ", [{}, {"TERM": "dumb"}, {"HANDRAIL_AGENT": "1"}, GITHUB])
def test_without_such_a_variable_nobody_is_an_agent(environ: Mapping[str, str]) -> None:
    assert not is_agent(environ)


@given(formats, environments)
def test_a_format_that_is_asked_for_is_given_whatever_the_environment(
    asked: str, environ: Mapping[str, str]
) -> None:
    assert format_for(asked, environ) == asked


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "human"),
        (AGENT, "agent"),
        (GITHUB, "github"),
        ({"GITHUB_ACTIONS": "TRUE"}, "github"),
        ({"GITHUB_ACTIONS": "false"}, "human"),
        (AGENT | GITHUB, "agent"),
        ({"HANDRAIL_AGENT": "1"}, "agent"),
        (GITHUB | {"HANDRAIL_AGENT": "1"}, "agent"),
        (AGENT | {"HANDRAIL_AGENT": "0"}, "human"),
        (AGENT | {"HANDRAIL_AGENT": "Off"}, "human"),
        (AGENT | {"HANDRAIL_AGENT": ""}, "human"),
        (GITHUB | {"HANDRAIL_AGENT": "0"}, "human"),
    ],
    ids=repr,
)
def test_the_format_suits_whoever_reads_it(environ: Mapping[str, str], expected: str) -> None:
    assert format_for("auto", environ) == expected


@pytest.mark.parametrize(
    ("asked", "environ", "expected"),
    [
        ("auto", {}, False),
        ("auto", AGENT, True),
        ("auto", {"HANDRAIL_AGENT": "1"}, True),
        ("auto", AGENT | {"HANDRAIL_AGENT": "0"}, False),
        ("agent", {}, True),
        ("json", {}, False),
        ("json", AGENT, True),
        ("human", AGENT | {"HANDRAIL_AGENT": "0"}, True),
        ("json", {"HANDRAIL_AGENT": "1"}, False),
    ],
)
def test_an_agent_is_answered_whatever_format_it_asks_for(
    asked: str, environ: Mapping[str, str], *, expected: bool
) -> None:
    assert answers_agent(asked, environ) is expected


@given(environments)
def test_whoever_gets_the_format_for_agents_is_answered_as_one(environ: Mapping[str, str]) -> None:
    assert answers_agent("auto", environ) == (format_for("auto", environ) == "agent")
