"""``handrail mcp``: a real client, the real server, runs of a real project."""

import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult, InitializeResult, Tool
from processes import is_gone, wait_for
from real_runs import NO_RANDOMLY, SCRIPTS, Project

from handrail import __version__

ANSWER_S = 60.0
"""How long a busy machine may take for any answer."""
TOOLS = [
    "tests_plan",
    "run_start",
    "run_status",
    "run_wait",
    "run_stop",
    "run_rerun",
    "failure_get",
    "run_logs",
    "flaky_check",
    "doctor",
    "runs_list",
]
FAILING = """
    def test_good():
        pass

    def test_bad():
        price = 7
        assert price < 5
    """
WAITING = """
    import os
    import pathlib
    import time

    def test_waiting():
        pathlib.Path("waits").write_text(str(os.getpid()))
        while not pathlib.Path("open").exists():
            time.sleep(0.02)
    """
GATES = """
    [tool.pytest.ini_options]
    markers = ["chaos: breaks things", "flagged: may be flagged"]

    [tool.handrail]
    default-tier = "fast"

    [tool.handrail.tiers.fast]
    select = "not (chaos or flagged)"

    [tool.handrail.tiers.chaos]
    select = "chaos"
    gate = "destructive"

    [tool.handrail.tiers.flagged]
    select = "flagged"
    gate = "careful"

    [tool.handrail.gates.destructive]
    require = "person"

    [tool.handrail.gates.careful]
    require = "flag"
    """
GATED = """
    import pathlib
    import pytest

    def note(name):
        with pathlib.Path("ran.txt").open("a") as file:
            file.write(name + "\\n")

    def test_safe():
        note("safe")

    @pytest.mark.chaos
    def test_chaos():
        note("chaos")

    @pytest.mark.flagged
    def test_flagged():
        note("flagged")
        assert False
    """


@dataclass(frozen=True, slots=True)
class Agent:
    """A client that is connected to the server."""

    portal: BlockingPortal
    session: ClientSession
    greeting: InitializeResult

    def tools(self) -> list[Tool]:
        return self.portal.call(self.session.list_tools).tools

    def call(self, name: str, **given: object) -> CallToolResult:
        return self.portal.call(self.session.call_tool, name, given)

    def ask(self, name: str, **given: object) -> Any:
        """The JSON of a call that is no error, and nothing beside it."""
        result = self.call(name, **given)
        (text,) = texts(result)
        assert not result.is_error, text
        return json.loads(text)

    def refused(self, name: str, **given: object) -> str:
        """What a call says that is an error."""
        result = self.call(name, **given)
        (text,) = texts(result)
        assert result.is_error, text
        return text


def texts(result: CallToolResult) -> list[str]:
    return [each.text for each in result.content if each.type == "text"]


@contextlib.contextmanager
def connected(project: Project, *before: str, cwd: Path | None = None) -> Generator[Agent]:
    server = StdioServerParameters(
        command=str(SCRIPTS / "handrail"),
        args=[*before, "mcp"],
        env=project.environment(),
        cwd=cwd or project.folder,
    )
    greetings: list[InitializeResult] = []

    @contextlib.asynccontextmanager
    async def session() -> AsyncGenerator[ClientSession]:
        async with (
            stdio_client(server) as streams,
            ClientSession(*streams, read_timeout_seconds=ANSWER_S) as made,
        ):
            greetings.append(await made.initialize())
            yield made

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(session()) as made:
        yield Agent(portal, made, greetings[0])


@pytest.fixture
def agent(project: Project) -> Generator[Agent]:
    with connected(project) as made:
        yield made


@pytest.fixture
def closed(project: Project) -> Project:
    """A project with two gates, both closed."""
    project.put("pyproject.toml", GATES)
    project.write(test_a=GATED)
    return project


def run_here(project: Project, *arguments: str) -> None:
    """A run by hand, with one failure. ``project.run`` would wait for the end of the server."""
    done = project.command("handrail", "run", "-n", "2", *NO_RANDOMLY, *arguments)
    assert done.returncode == 1, done.stderr


def started(project: Project, agent: Agent) -> tuple[str, int]:
    """The id of a run with a test that failed, and the process of one that waits for a file."""
    project.write(test_bad=FAILING, test_waiting=WAITING)
    run = agent.ask("run_start", workers=2)["run_id"]
    path = project.folder / "waits"
    pid = int(wait_for(lambda: path.exists() and path.read_text(), "the test that waits"))
    return run, pid


# The tools.


def test_an_agent_learns_what_there_is(agent: Agent) -> None:
    found = agent.tools()

    assert [each.name for each in found] == TOOLS
    assert all(each.description for each in found)
    assert not any("allow" in str(each.input_schema) for each in found)
    reading = {each.name for each in found if each.annotations and each.annotations.read_only_hint}
    assert set(TOOLS) - reading == {"run_start", "run_stop", "run_rerun"}
    assert (agent.greeting.server_info.name, agent.greeting.server_info.version) == (
        "handrail",
        __version__,
    )
    assert "handrail allow GATE" in (agent.greeting.instructions or "")


def test_an_agent_starts_a_run_understands_it_mends_it_and_runs_the_rest(
    project: Project, agent: Agent
) -> None:
    project.write(test_a=FAILING)

    run = agent.ask("run_start", targets=["test_a.py"], workers=2)["run_id"]
    ended = agent.ask("run_wait", run=run, timeout_s=100)
    failure = agent.ask("failure_get", run=run, failure="F1")
    log = agent.ask("run_logs", run=run, tail=1)
    project.write(test_a=FAILING.replace("7", "3"))
    again = agent.ask("run_rerun", run=run, failures=["F1"], timeout_s=100)

    assert (ended["run_id"], ended["verdict"], ended["exit_code"]) == (run, "failed", 1)
    assert ended["summary"]["total"] == 2
    assert failure["tests"] == ["test_a.py::test_bad"]
    assert failure["frames"][-1]["locals"] == {"price": "7"}
    assert "1 failed, 1 passed" in log["lines"][0]
    assert agent.ask("run_logs", since=log["cursor"])["lines"] == []
    assert (again["verdict"], again["summary"]["passed"]) == ("passed", 1)
    assert [each["run_id"] for each in agent.ask("runs_list")["runs"]] == [again["run_id"], run]


def test_what_a_test_logged_is_given_by_its_name(project: Project, agent: Agent) -> None:
    project.write(
        test_a="""
        import logging

        def test_a():
            logging.warning("nearly empty")
        """
    )

    run = agent.ask("run_start", log_tests=True)["run_id"]
    agent.ask("run_wait", run=run, timeout_s=100)
    (line,) = texts(agent.call("run_logs", run=run, test="test_a.py::test_a"))

    assert '"nearly empty"' in line


def test_an_answer_is_the_json_of_the_command(project: Project, agent: Agent) -> None:
    project.write(test_a=FAILING)
    run_here(project)

    for name, given, words in [
        ("run_status", {}, ("status", "--json")),
        ("failure_get", {"failure": "F1"}, ("explain", "latest", "F1", "--json")),
        ("run_logs", {"grep": "passed"}, ("logs", "--grep", "passed", "--json")),
        ("flaky_check", {}, ("flaky", "--json")),
        (
            "flaky_check",
            {"test": "test_a.py::test_bad"},
            ("flaky", "test_a.py::test_bad", "--json"),
        ),
        ("doctor", {}, ("doctor", "--json")),
        ("runs_list", {}, ("runs", "--json")),
        ("tests_plan", {}, ("tiers", "--json")),
        ("run_stop", {}, ("stop", "--json")),
    ]:
        assert texts(agent.call(name, **given)) == [
            project.command("handrail", *words).stdout.strip()
        ]


def test_a_selection_is_that_of_the_command_line(project: Project, agent: Agent) -> None:
    project.write(test_a=FAILING, test_b="def test_good():\n    pass\n")

    agent.ask("run_start", targets=["test_a.py", "test_b.py"], keyword="good and not b")
    chosen = agent.ask("run_wait", timeout_s=100)
    agent.ask("run_start", keyword="absent")
    nothing = agent.ask("run_wait", timeout_s=100)

    assert chosen["summary"]["passed"] == 1
    assert (nothing["verdict"], nothing["exit_code"]) == ("nothing_ran", 4)


# Runs and their callers.


def test_a_wait_is_bounded_and_a_run_that_goes_on_is_stopped(
    project: Project, agent: Agent
) -> None:
    run, pid = started(project, agent)

    waited = agent.ask("run_wait", run=run, timeout_s=0.1)
    failed = agent.ask("run_wait", run=run, timeout_s=100, until="first-failure")
    (stopped,) = agent.ask("run_stop", run=run)

    assert (waited["verdict"], waited["exit_code"]) == (None, None)
    assert [each["tests"] for each in failed["failures"]] == [["test_bad.py::test_bad"]]
    assert (stopped["run_id"], stopped["verdict"], stopped["exit_code"]) == (run, "stopped", 143)
    assert is_gone(pid)
    assert agent.ask("run_status", run=run) == stopped


def test_a_run_goes_on_when_its_agent_is_gone(project: Project) -> None:
    with connected(project) as agent:
        run, _ = started(project, agent)

    (project.folder / "open").touch()
    with connected(project) as agent:
        ended = agent.ask("run_wait", run=run, timeout_s=100)

    assert (ended["verdict"], ended["summary"]["total"]) == ("failed", 3)
    assert project.left() == []


def test_a_wait_that_is_given_up_ends_and_the_run_does_not(project: Project, agent: Agent) -> None:
    run, _ = started(project, agent)

    def waiting() -> list[int]:
        return [pid for pid, command in project.pids().items() if " wait --json " in command]

    call = agent.portal.start_task_soon(agent.session.call_tool, "run_wait", {"timeout_s": 100})
    wait_for(waiting, "the wait")
    call.cancel()
    wait_for(lambda: not waiting(), "the end of the wait")

    assert agent.ask("run_status", run=run)["verdict"] is None


# What is refused.


@pytest.mark.parametrize(
    "given",
    [
        {"targets": ["test_a.py", "--allow=careful"], "tiers": ["flagged"]},
        {"tiers": ["flagged", "--allow=careful"]},
        {"tiers": ["flagged"], "keyword": "--allow=careful"},
        {"tiers": ["flagged"], "allow": ["careful"]},
        {"targets": ["--", "-p", "no:handrail"]},
        {"keyword": "-pno:handrail"},
    ],
)
def test_an_option_that_is_smuggled_in_is_refused(
    closed: Project, agent: Agent, given: dict[str, object]
) -> None:
    told = agent.refused("run_start", **given)

    first, *_, hint = told.splitlines()
    assert first == (
        "error: run_start cannot be called with these arguments; nothing was done [tool-arguments]"
    )
    assert "as options do" in told or "no such argument" in told
    assert hint.startswith("hint: arguments of run_start: targets, tiers, ")
    assert closed.latest_id() == ""


def test_a_gated_tier_stays_closed_and_a_person_is_told_what_to_type(
    closed: Project, agent: Agent
) -> None:
    assert agent.refused("run_start", tiers=["chaos"]) == (
        "error: tier chaos may not run here; nothing was run [refused]\n"
        "  chaos: gate destructive is closed: a person has to open it at a terminal\n"
        "\n"
        "hint: a person runs: handrail allow destructive"
    )
    assert agent.refused("run_start", targets=["flagged"]) == (
        "error: tier flagged may not run here; nothing was run [refused]\n"
        "  flagged: gate careful is closed: it needs --allow careful\n"
        "\n"
        "hint: a person runs: handrail run --tier flagged --allow careful"
    )
    assert closed.counts() == {}


def test_a_node_id_opens_no_gate(closed: Project, agent: Agent) -> None:
    agent.ask("run_start", targets=["test_a.py::test_chaos", "test_a.py::test_safe"])
    ended = agent.ask("run_wait", timeout_s=100)

    assert closed.counts() == {"safe": 1}
    assert [each["open_with"] for each in ended["withheld"]] == ["handrail allow destructive"]


def test_a_gate_that_a_person_opened_for_a_run_is_closed_for_the_rest_of_it(
    closed: Project, agent: Agent
) -> None:
    run_here(closed, "--tier", "flagged", "--allow", "careful")

    told = agent.refused("run_rerun")

    assert told.startswith("error: tier flagged may not run here; nothing was run [refused]\n")
    assert closed.counts() == {"flagged": 1}


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        (
            "run_start",
            {"targets": ["nowhere.py"]},
            "error: nowhere.py is neither a tier nor a path [usage]\n  tiers: ",
        ),
        ("run_start", {"tiers": ["fsat"]}, "error: no tier is named fsat [usage]\n  tiers: "),
        ("run_status", {"run": "zzzz"}, "error: no run is called zzzz [no-such-run]\n  there is "),
        (
            "run_rerun",
            {},
            "error: no run is called latest [no-such-run]\n  there is no run yet\n\n",
        ),
        ("failure_get", {"failure": "F1"}, "error: no run is called latest [no-such-run]\n"),
        ("run_logs", {"grep": "("}, "error: argument --grep: '(' is no regular expression: "),
        (
            "surgeon",
            {},
            "error: there is no tool 'surgeon' [tool-arguments]\n\nhint: tools: tests_plan, ",
        ),
    ],
)
def test_what_the_command_line_refuses_is_an_error_with_its_hint(
    agent: Agent, name: str, given: dict[str, object], told: str
) -> None:
    found = agent.refused(name, **given)

    assert found.startswith(told)
    assert "\n\nhint: " in found
    assert "Traceback" not in found


def test_a_command_line_that_no_system_takes_is_told(agent: Agent) -> None:
    assert agent.refused("run_start", targets=["x" * 4096] * 2000) == (
        "error: handrail start cannot be started [cannot-start]\n  Argument list too long"
    )


def test_a_broken_configuration_is_told(project: Project, agent: Agent) -> None:
    project.put("pyproject.toml", '[tool.handrail]\ndefault-tier = "fast\n')

    assert "pyproject.toml:2" in agent.refused("run_start")
    assert "pyproject.toml:2" in agent.refused("tests_plan")


def test_a_run_that_could_not_be_configured_is_an_error_with_all_that_is_known(
    project: Project, agent: Agent
) -> None:
    project.write(test_a=FAILING)
    agent.ask("run_start", keyword="no (expression")

    ended = json.loads(agent.refused("run_wait", timeout_s=100))

    assert (ended["verdict"], ended["exit_code"]) == ("config_error", 3)


# Answers and surroundings.


def test_an_answer_that_is_too_long_is_shortened_and_says_so(
    project: Project, agent: Agent
) -> None:
    project.write(test_a=FAILING)
    run_here(project)
    log = project.folder / ".handrail" / "runs" / project.latest_id() / "pytest.log"
    log.write_text("é\n" * 20_000, "utf-8")

    result = agent.call("run_logs", max_bytes=32768)

    text, note = texts(result)
    lines = json.loads(text)["lines"]
    assert not result.is_error
    assert len(text) <= 64_000
    assert set(lines) == {"é"}
    assert note == (
        f"left out, as it is too long: {10922 - len(lines)} of lines; "
        "all of it: handrail logs --json --max-bytes=32768B latest"
    )


def test_modules_of_the_project_do_not_stand_in_for_those_of_python(
    project: Project, agent: Agent
) -> None:
    project.write(json="raise RuntimeError\n", argparse="raise RuntimeError\n")

    assert agent.ask("tests_plan")["schema"] == "handrail.tiers/1"


def test_the_project_may_be_elsewhere(project: Project) -> None:
    project.write(test_a=FAILING)
    run_here(project)

    with connected(project, "-C", str(project.folder), cwd=project.home) as agent:
        assert agent.ask("run_status")["run_id"] == project.latest_id()


def test_a_folder_that_does_not_exist_is_told_at_once(project: Project) -> None:
    done = project.command("handrail", "-C", "nowhere", "mcp")

    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == (
        "error: there is no folder nowhere [usage]\n\nhint: give -C a folder that exists\n"
    )


WITHOUT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
from handrail.cli import main
main(["mcp"])
"""


@pytest.mark.parametrize("names", [("mcp", "mcp_types"), ("mcp_types",), ("mcp", "anyio")])
def test_without_its_package_the_extra_is_named(project: Project, names: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(names=names)],
        cwd=project.folder, env=project.environment(), stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", timeout=ANSWER_S, check=False,
    )  # fmt: skip

    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == (
        "error: handrail mcp needs the package mcp [missing-extra]\n"
        "\n"
        "hint: pip install 'handrail[mcp]'\n"
    )


def test_the_page_about_it_names_every_tool() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "mcp.md"

    assert [each for each in TOOLS if f"`{each}`" not in page.read_text("utf-8")] == []
