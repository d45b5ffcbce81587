"""SIGKILL to a part of a run: what it had told is not lost, the verdict is true, nothing is left."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

from gated import (
    ALL,
    BEFORE,
    FAILING,
    RAN_ONCE,
    gated,
    open_gate,
    outcomes,
    report_of,
    wait_at_gate,
)
from processes import (
    children,
    finished,
    is_gone,
    kill,
    session,
    state,
    supervisor,
    unread_events,
    wait_for,
    wait_until_gone,
)
from real_runs import PATIENCE_S, Project

GRANDCHILDREN = """
    import subprocess
    subprocess.Popen(["sleep", "1000"])
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    subprocess.run(["sh", "-c", "setsid sleep 1000 & exit"])
    subprocess.run(["sh", "-c", "trap '' TERM HUP; sleep 1000 & exit"])
"""


def started(project: Project, *arguments: str) -> "subprocess.Popen[str]":
    """A run that stands at its gate, and its follower."""
    gated(project, preparing=GRANDCHILDREN)
    follower = project.start("-n", "2", *arguments)
    wait_at_gate(project)
    return follower


def holds_session(pid: int) -> bool:
    """Whether it has not tidied up behind a session yet."""
    held = Path(f"/proc/{pid}/fd").iterdir()
    return any(os.readlink(each) == "anon_inode:[pidfd]" for each in held)


def test_with_its_supervisor_a_run_ends_at_once_and_keeps_what_it_told(project: Project) -> None:
    follower = started(project, "--json")
    below = set(project.pids()) - {follower.pid}
    assert len(below) >= 4 + 4  # grandchildren; supervisor, keeper, session, the worker at the gate

    kill(supervisor(project))
    wait_until_gone(below)
    answer = json.loads(follower.communicate(timeout=PATIENCE_S)[0])
    waited = project.command("handrail", "wait", "--json")

    report = json.loads(waited.stdout)
    assert (follower.returncode, waited.returncode) == (2, 2)
    assert (answer["verdict"], report["verdict"]) == ("infra_error", "infra_error")
    assert report["complete"] is False
    assert report["infra"]["code"] == "supervisor-lost"
    assert set(outcomes(report)) == set(finished(project)) >= BEFORE
    assert outcomes(report)[FAILING] == "failed"
    assert report == json.loads(project.latest("report.json"))
    assert state(project)["state"] == "finished"


def test_what_was_lost_is_told_to_people_and_the_next_run_is_well(project: Project) -> None:
    started(project)

    kill(supervisor(project))
    waited = project.command("handrail", "wait")

    assert waited.returncode == 2
    assert waited.stdout.startswith("INFRA_ERROR exit=2 | fast | ")
    assert "the supervisor of the run was killed" in waited.stdout
    assert "RESULT infra_error exit=2 " in waited.stdout
    assert project.command("handrail", "status").stdout == waited.stdout
    open_gate(project)
    again = project.run("--json")
    assert (again.returncode, set(again.outcomes)) == (1, ALL)


def test_secrets_that_were_not_yet_read_are_redacted_too(project: Project) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 4
    project.write(
        test_a=f"""
            import os, pathlib, time

            def test_a():
                pathlib.Path("at-gate").write_text(str(os.getpid()))
                while not pathlib.Path("open").exists():
                    time.sleep(0.02)
                assert "{secret}" == "", "long " * 2000

            def test_b():
                pathlib.Path("at-end").touch()
                time.sleep(1000)
            """
    )
    project.start("-n", "1")
    wait_at_gate(project, done=0)

    pid = supervisor(project)
    kill(pid, number=signal.SIGSTOP)  # the session goes on, and nobody reads what it tells
    open_gate(project)
    wait_for((project.folder / "at-end").exists, "the test that follows")
    wait_for(lambda: unread_events(session(project)) > 10000, "the session to tell of it")
    kill(pid)
    waited = project.command("handrail", "wait", "--json")

    assert waited.returncode == 2
    assert outcomes(report_of(project)) == {"test_a.py::test_a": "failed"}
    for each in ("events.ndjson", "report.json", "state.json"):
        assert secret not in project.latest(each)


def test_a_supervisor_that_is_killed_between_its_verdict_and_its_report_leaves_both(
    project: Project,
) -> None:
    project.write(test_first="def test_it(): pass")
    assert project.run().returncode == 0  # from now on there is a history
    project.folder.joinpath("test_first.py").unlink()
    follower = started(project, "--json")
    with contextlib.closing(sqlite3.connect(project.folder / ".handrail" / "history.db")) as others:
        others.execute("BEGIN IMMEDIATE")  # the supervisor has to wait before it can remember
        open_gate(project)
        wait_for(lambda: "RunFinished" in project.latest("events.ndjson"), "the verdict")
        wait_for(lambda: not holds_session(supervisor(project)), "the end of all that is tests")
        kill(supervisor(project))
    answer = json.loads(follower.communicate(timeout=PATIENCE_S)[0])
    waited = project.command("handrail", "wait", "--json")

    assert (follower.returncode, waited.returncode) == (1, 1)
    assert answer == json.loads(waited.stdout)
    assert set(outcomes(report_of(project))) == ALL
    assert project.counts() == RAN_ONCE


def test_a_run_whose_keeper_was_killed_goes_on(project: Project) -> None:
    follower = started(project, "--json")

    kill(state(project)["keeper"]["pid"])
    wait_until_gone([state(project)["keeper"]["pid"]])
    open_gate(project)
    answer = json.loads(follower.communicate(timeout=PATIENCE_S)[0])

    assert (follower.returncode, answer["complete"]) == (1, True)
    assert set(outcomes(answer)) == ALL
    assert project.counts() == RAN_ONCE
    assert project.left() == []


def test_without_supervisor_and_keeper_the_run_is_known_to_be_lost(project: Project) -> None:
    follower = started(project)

    kill(state(project)["keeper"]["pid"], supervisor(project))
    follower.communicate(timeout=PATIENCE_S)
    waited = project.command("handrail", "wait", "--json")

    assert (follower.returncode, waited.returncode) == (2, 2)
    report = json.loads(waited.stdout)
    assert (report["verdict"], report["complete"]) == ("infra_error", False)
    assert set(outcomes(report_of(project))) == set(finished(project)) >= BEFORE


def test_a_worker_that_is_killed_costs_its_test(project: Project) -> None:
    gated(project, preparing=GRANDCHILDREN)
    follower = project.start("-n", "2", "--json")
    worker = wait_at_gate(project)

    kill(worker)
    open_gate(project)
    answer = json.loads(follower.communicate(timeout=PATIENCE_S)[0])

    assert (follower.returncode, answer["verdict"], answer["complete"]) == (1, "failed", True)
    found = outcomes(answer)
    assert set(found) == ALL
    failed = {test for test, outcome in found.items() if outcome != "passed"}
    assert failed == {FAILING, "test_gate.py::test_gate"}
    assert project.counts() == RAN_ONCE
    assert project.left() == []


def test_a_session_that_is_killed_ends_the_run_with_what_it_told(project: Project) -> None:
    follower = started(project, "--json")
    pid = session(project)
    workers = children(pid)

    kill(pid)
    answer = json.loads(follower.communicate(timeout=PATIENCE_S)[0])

    assert (follower.returncode, answer["verdict"]) == (2, "infra_error")
    assert (answer["complete"], answer["infra"]["code"]) == (False, "session-lost")
    assert set(outcomes(answer)) == set(finished(project)) >= BEFORE
    assert all(map(is_gone, workers))
    assert project.left() == []
