"""A run that somebody else's command began, or whose supervisor does not talk any more: whoever
follows it gets the answer of a run of their own.
"""

import json
import subprocess
import sys

import pytest
from gated import ALL, FAILING, gated, open_gate, outcomes, wait_at_gate
from processes import kill, supervisor, wait_for
from real_runs import NO_RANDOMLY, PATIENCE_S, SCRIPTS, Project
from terminals import run_at_terminal, terminal
from test_terminals import PROGRESS

FORMATS = {
    "human": ("--format", "human", "--color", "always"),
    "ndjson": ("--format", "ndjson"),
    "github": ("--format", "github"),
    "json": ("--json",),
    "agent": ("--format", "agent"),
}


def joined(project: Project, *arguments: str) -> "subprocess.Popen[str]":
    """One who follows the latest run, as it says."""
    follower = project.start("-n", "2", *arguments)
    assert follower.stderr is not None
    said = follower.stderr.readline()
    assert said == f"run {project.latest_id()} does the same: joined (--new begins another)\n"
    return follower


@pytest.mark.parametrize("asked", FORMATS)
def test_who_joins_a_run_gets_the_answer_that_a_run_of_their_own_would_give(
    project: Project, asked: str
) -> None:
    gated(project)
    first = project.start("-n", "2", *FORMATS[asked])
    wait_at_gate(project)

    second = joined(project, *FORMATS[asked])
    open_gate(project)
    answers = [each.communicate(timeout=PATIENCE_S)[0] for each in (first, second)]

    assert answers[1] == answers[0] != ""
    assert (first.returncode, second.returncode) == (1, 1)
    if asked == "human":
        assert "\x1b[" in answers[1]
    assert project.left() == []


def test_who_joins_a_run_gets_as_many_details_as_asked_for(project: Project) -> None:
    gated(project)
    project.start("-n", "2")
    wait_at_gate(project)

    brief = project.open("run", "-n", "2", *NO_RANDOMLY, "--json")
    whole = joined(project, "--json")
    wait_for(lambda: "joined" in (brief.stderr.readline() if brief.stderr else ""), "to be joined")
    open_gate(project)

    assert "tests" not in json.loads(brief.communicate(timeout=PATIENCE_S)[0])
    assert set(outcomes(json.loads(whole.communicate(timeout=PATIENCE_S)[0]))) == ALL


def test_who_joins_a_run_sees_its_progress_and_nothing_of_it_is_left(project: Project) -> None:
    gated(project)
    project.command("handrail", "start", "-n", "2", *NO_RANDOMLY)
    wait_at_gate(project)

    with terminal(project, *run_at_terminal()) as at:
        at.read_until(lambda: any(map(PROGRESS.search, at.screen.lines)), "progress")
        open_gate(project)
        code = at.read_to_end()

    assert code == 1
    lines = at.screen.lines
    assert "does the same: joined" in lines[0]
    assert sum("13 passed" in line for line in lines) == 1
    assert [line for line in lines if PROGRESS.search(line) or "[#" in line] == []
    assert at.screen.has_cursor


def test_what_a_lost_supervisor_has_told_is_not_told_again(project: Project) -> None:
    gated(project)
    follower = project.start("-n", "2", "--format", "ndjson")
    wait_at_gate(project)

    kill(supervisor(project))
    told, _ = follower.communicate(timeout=PATIENCE_S)

    events = [json.loads(line) for line in told.splitlines()]
    tests = [each["test"] for each in events if each["event"] == "TestFinished"]
    assert follower.returncode == 2
    assert FAILING in tests
    assert sorted(tests) == sorted(set(tests))
    assert [each["event"] for each in events].count("RunStarted") == 1
    assert events[-1] | {"at": 0} == {
        "event": "RunFinished", "at": 0, "verdict": "infra_error", "exit_code": 2,
    }  # fmt: skip


@pytest.mark.parametrize("asked", ["human", "json"])
def test_the_loss_of_a_supervisor_is_told_in_the_format_that_was_asked_for(
    project: Project, asked: str
) -> None:
    gated(project)
    follower = project.start("-n", "2", *FORMATS[asked])
    wait_at_gate(project)

    kill(supervisor(project))
    told, _ = follower.communicate(timeout=PATIENCE_S)

    assert follower.returncode == 2
    if asked == "human":
        assert "\x1b[" in told
        assert "the supervisor of the run was killed" in told
        assert "RESULT " not in told
    else:
        assert json.loads(told)["verdict"] == "infra_error"


MANY = """
    import pytest

    @pytest.mark.parametrize("n", range(4000))
    def test_it(n):
        pass
"""
SLOW_READER = """
import os, sys, time
read = 0
while chunk := os.read(0, 4096):
    read += len(chunk)
    sys.stdout.buffer.write(chunk)
    if read < 80_000:
        time.sleep(0.3)
"""
"""Takes longer over the first part than the whole run does; the supervisor is done by then."""


def test_a_reader_that_is_slow_gets_everything(project: Project) -> None:
    project.write(test_many=MANY)
    command = f"{SCRIPTS / 'handrail'} run -n 2 --format ndjson --tests"
    reader = project.put("reader.py", SLOW_READER)

    done = subprocess.run(
        f"{command} | {sys.executable} {reader}",
        shell=True, cwd=project.folder, env=project.environment(), stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=True,
    )  # fmt: skip

    told, kept = (
        [
            (each["event"], each["at"], each.get("test"))
            for each in map(json.loads, text.splitlines())
        ]
        for text in (done.stdout, project.latest("events.ndjson"))
    )
    assert told == kept
