"""``start``, ``status``, ``wait``, ``stop`` and ``logs``: a run that goes on, from outside."""

import json
import re
import shlex
import signal

import jsonschema
import pytest
from gated import ALL, BEFORE, FAILING, gated, open_gate, outcomes, start, wait_at_gate
from processes import is_gone, kill, state, supervisor, wait_for
from real_runs import PATIENCE_S, Project

from handrail.reporters.run_schema import RUN_SCHEMA

NO_STATE = """\
error: run zzzz left no state [no-state]
  it ended before it began, or its folder was damaged

hint: run the tests again: handrail run
"""


# Starting, and agents.


def test_start_answers_with_an_id_and_what_to_do_next(project: Project) -> None:
    gated(project)

    done = project.command("handrail", "start", "-n", "2")

    assert done.returncode == 0
    assert done.stderr == ""
    run = project.latest_id()
    assert done.stdout == f"{run}\nnext: handrail wait {run}\n"
    wait_at_gate(project)
    assert not is_gone(supervisor(project))


def test_start_answers_in_json(project: Project) -> None:
    gated(project)

    done = project.command("handrail", "start", "-n", "2", "--json")

    run = project.latest_id()
    expected = {"run_id": run, "joined": False, "next": f"handrail wait {run}"}
    assert json.loads(done.stdout) == expected


def test_start_tells_what_is_wrong_with_the_command_line(project: Project) -> None:
    gated(project)

    done = project.command("handrail", "start", "--tier", "fsat")

    assert (done.returncode, done.stdout) == (3, "")
    assert "fsat" in done.stderr
    assert project.latest_id() == ""


@pytest.mark.parametrize("way", ["AI_AGENT", "--format"])
def test_an_agent_that_waits_no_longer_is_told_how_to_go_on(project: Project, way: str) -> None:
    gated(project)
    environ = {"AI_AGENT": "1"} if way == "AI_AGENT" else {}
    arguments = ["--format", "agent"] if way == "--format" else []

    asked = project.command("handrail", "run", "-n", "2", "--wait", "1s", *arguments, **environ)

    run = project.latest_id()
    lines = asked.stdout.splitlines()
    assert asked.returncode == 8
    assert lines[0].startswith("RUNNING exit=8 | fast | ")
    assert lines[0].endswith(f" | run={run}")
    assert lines[-1] == f"next: handrail wait {run}"
    open_gate(project)
    pasted = project.command(*shlex.split(lines[-1].removeprefix("next: ")), **environ)
    assert pasted.returncode == 1
    assert pasted.stdout.startswith("FAILED exit=1 | fast | 14: 13 passed, 1 failed")
    assert pasted.stdout.splitlines()[-1].startswith(f"RESULT failed exit=1 run={run} ")


# Asking.


def test_the_status_of_a_run_that_goes_on(project: Project, run: str) -> None:
    wait_for(lambda: "\nrunning: " in state(project)["text"], "a running test in the state")

    asked = project.command("handrail", "status")

    assert asked.returncode == 8
    lines = asked.stdout.splitlines()
    assert re.match(r"RUNNING exit=8 \| fast \| \d+/14, 1 cause so far \| ", lines[0])
    assert any(re.match(r"running: .+ test_gate.py::test_gate", line) for line in lines)
    assert FAILING in asked.stdout
    assert lines[-1] == f"next: handrail wait {run}"
    assert len(asked.stdout.encode()) <= 1300
    for reference in (run, run[:3], "latest"):
        assert project.command("handrail", "status", reference).returncode == 8


def test_the_status_as_json_keeps_to_the_schema(project: Project, run: str) -> None:
    going_on = project.command("handrail", "status", "--json")
    open_gate(project)
    waited = project.command("handrail", "wait", "--json")
    over = project.command("handrail", "status", "--json")

    for answer in (going_on, over):
        jsonschema.validate(json.loads(answer.stdout), RUN_SCHEMA)
        assert json.loads(answer.stdout)["run_id"] == run
    assert json.loads(going_on.stdout)["state"] == "running"
    assert (going_on.returncode, over.returncode) == (8, 1)
    assert over.stdout == waited.stdout
    assert set(outcomes(json.loads(over.stdout))) == ALL


def test_the_status_of_a_run_that_has_ended_is_its_digest(project: Project) -> None:
    project.write(test_a="def test_a():\n    pass\n")
    project.run()

    asked = project.command("handrail", "status")

    assert asked.returncode == 0
    assert asked.stdout.startswith("PASSED exit=0 | fast | 1 passed | ")


@pytest.mark.parametrize("command", ["status", "wait", "stop", "logs"])
def test_a_run_that_never_began_is_a_clear_error(project: Project, command: str) -> None:
    project.put(".handrail/runs/zzzz/pytest.log", "").touch()

    asked = project.command("handrail", command, "zzzz")

    assert (asked.returncode, asked.stdout, asked.stderr) == (2, "", NO_STATE)


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"document": {}, "owner": 3}', "\xff"])
def test_a_state_that_cannot_be_read_is_a_clear_error(project: Project, broken: str) -> None:
    project.put(".handrail/runs/zzzz/state.json", broken)

    asked = project.command("handrail", "status", "zzzz")

    assert (asked.returncode, asked.stdout, asked.stderr) == (2, "", NO_STATE)


@pytest.mark.parametrize("command", ["status", "wait", "stop", "logs"])
def test_an_unknown_run_is_a_usage_error(project: Project, command: str) -> None:
    project.put(".handrail/runs/zzzz/state.json", "{}")

    asked = project.command("handrail", command, "abcd")

    assert (asked.returncode, asked.stdout) == (3, "")
    assert "error: no run is called abcd [no-such-run]\n  zzzz\n" in asked.stderr


# Waiting.


def test_waiting_ends_when_its_time_is_up(project: Project, run: str) -> None:
    waited = project.command("handrail", "wait", "--timeout", "1s")

    assert waited.returncode == 8
    assert waited.stdout.startswith("RUNNING exit=8 | fast | ")
    assert waited.stdout.endswith(f"\nnext: handrail wait {run}\n")
    open_gate(project)
    waited = project.command("handrail", "wait", run, "--timeout", f"{PATIENCE_S}s")
    assert waited.returncode == 1
    assert waited.stdout.startswith("FAILED exit=1 ")


@pytest.mark.parametrize("until", ["first-failure", "50%"])
def test_waiting_until_a_run_has_come_so_far(project: Project, run: str, until: str) -> None:
    waited = project.command("handrail", "wait", "--until", until, "--timeout", "1h")

    assert waited.returncode == 8
    assert waited.stdout.startswith("RUNNING exit=8 | ")
    assert not is_gone(supervisor(project))


@pytest.mark.parametrize("until", ["first-failure", "100%"])
def test_what_does_not_come_is_waited_for_until_the_end(project: Project, until: str) -> None:
    gated(project)
    start(project, "-k", "not before", done=0)
    waiting = project.open("wait", "--until", until, "--timeout", "1h")

    open_gate(project)
    printed, _ = waiting.communicate(timeout=PATIENCE_S)

    assert waiting.returncode in ({0} if until == "first-failure" else {0, 8})
    assert "6" in printed.partition("\n")[0]


@pytest.mark.parametrize("until", ["soon", "0%", "101%", "5.5%", "%"])
def test_a_milestone_that_is_none_is_refused(project: Project, run: str, until: str) -> None:
    waited = project.command("handrail", "wait", "--until", until)

    assert waited.returncode == 3
    assert f"cannot wait until {until}" in waited.stderr


@pytest.mark.slow
def test_waiting_shows_a_sign_of_life_before_a_harness_would_give_up(
    project: Project, run: str
) -> None:
    waited = project.command("handrail", "wait", "--timeout", "18s")

    beats = waited.stderr.splitlines()
    assert waited.returncode == 8
    assert len(beats) == 2  # after 7 and after 14 s
    assert all(each.startswith("RUNNING exit=8 | fast | ") for each in beats)


def test_several_may_wait_for_one_run(project: Project, run: str) -> None:
    waiting = [project.open("wait", run) for _ in range(3)]

    open_gate(project)
    answers = [each.communicate(timeout=PATIENCE_S)[0] for each in waiting]

    assert [each.returncode for each in waiting] == [1, 1, 1]
    assert len(set(answers)) == 1


# Stopping.

STUBBORN = """
    import signal, subprocess
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    subprocess.Popen(["sleep", "1000"])
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    subprocess.run(["sh", "-c", "setsid sleep 1000 & exit"])
"""


def test_stop_ends_everything_and_keeps_what_was_done(project: Project) -> None:
    gated(project, preparing=STUBBORN)
    run = start(project, HANDRAIL_GRACE="1s")

    stopped = project.command("handrail", "stop")

    assert stopped.returncode == 0
    assert stopped.stdout.startswith("STOPPED exit=143 | fast | ")
    assert project.left() == []
    asked = project.command("handrail", "status", run, "--json")
    report = json.loads(asked.stdout)
    assert (asked.returncode, report["verdict"], report["complete"]) == (143, "stopped", False)
    assert set(outcomes(report)) >= BEFORE
    assert outcomes(report)[FAILING] == "failed"


def test_stop_all_ends_every_run_that_goes_on_here(project: Project) -> None:
    gated(project)
    runs = [start(project)]
    (project.folder / "at-gate").unlink()
    runs.append(start(project, "--new", "test_gate.py", "test_other.py"))
    assert len(set(runs)) == 2

    stopped = project.command("handrail", "stop", "--all", "--json")

    documents = json.loads(stopped.stdout)
    assert {each["run_id"]: each["verdict"] for each in documents} == dict.fromkeys(runs, "stopped")
    assert project.left() == []
    again = project.command("handrail", "stop", "--all")
    assert (again.returncode, again.stdout) == (0, "no run goes on here\n")


@pytest.mark.slow
def test_a_supervisor_that_does_not_answer_is_killed_in_the_end(project: Project, run: str) -> None:
    kill(supervisor(project), number=signal.SIGSTOP)

    stopped = project.command("handrail", "stop", timeout_s=120)

    assert stopped.returncode == 0
    assert stopped.stdout.startswith("INFRA_ERROR exit=2 ")
    assert project.left() == []


def test_stopping_a_run_that_is_over_changes_nothing(project: Project) -> None:
    project.write(test_a="def test_a():\n    pass\n")
    project.run()
    before = project.latest("state.json"), project.latest("report.json")

    stopped = project.command("handrail", "stop")

    assert stopped.returncode == 0
    assert stopped.stdout.startswith("PASSED exit=0 ")
    assert (project.latest("state.json"), project.latest("report.json")) == before


def test_who_follows_a_run_that_is_stopped_is_told(project: Project) -> None:
    gated(project)
    follower = project.start("-n", "2", "--json")
    wait_at_gate(project)

    project.command("handrail", "stop")
    answer = json.loads(follower.communicate(timeout=PATIENCE_S)[0])

    assert (follower.returncode, answer["verdict"]) == (143, "stopped")
