"""What the environment tells of where we are and who reads the answer. Imports next to nothing."""

from collections.abc import Mapping

PLACE_VARIABLE = "HANDRAIL_PLACE"
_CI_VARIABLES = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "BUILDKITE",
    "CIRCLECI",
    "TRAVIS",
    "TEAMCITY_VERSION",
    "JENKINS_URL",
    "TF_BUILD",
    "BITBUCKET_BUILD_NUMBER",
    "CODEBUILD_BUILD_ID",
    "DRONE",
    "APPVEYOR",
    "CIRRUS_CI",
)
_AGENT_VARIABLES = (
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
)
_FALSE = frozenset({"", "0", "false", "no", "off"})
"""What means no in an environment variable, in lower case."""


def is_ci(environ: Mapping[str, str]) -> bool:
    """Whether a CI system announces itself, or ``HANDRAIL_PLACE`` says so."""
    named = environ.get(PLACE_VARIABLE)
    return named != "local" if named else _any(_CI_VARIABLES, environ)


def _any(names: tuple[str, ...], environ: Mapping[str, str]) -> bool:
    return any(environ.get(name, "").strip().lower() not in _FALSE for name in names)


def is_agent(environ: Mapping[str, str]) -> bool:
    """Whether an agent runs this, whatever HANDRAIL_AGENT says about the format."""
    return _any(_AGENT_VARIABLES, environ)


def format_for(asked: str, environ: Mapping[str, str]) -> str:
    """The format of the answer: as asked, or what suits whoever reads it."""
    if asked != "auto":
        return asked
    switch = environ.get("HANDRAIL_AGENT")
    if switch is not None:
        return "agent" if switch.lower() not in _FALSE else "human"
    if is_agent(environ):
        return "agent"
    if environ.get("GITHUB_ACTIONS", "").lower() == "true":
        return "github"
    return "human"


def answers_agent(asked: str, environ: Mapping[str, str]) -> bool:
    """Whether the answer is for an agent, whose tools end commands that take long."""
    return format_for(asked, environ) == "agent" or (asked != "auto" and is_agent(environ))
