"""Kill something at any moment: no result is lost or made twice, no verdict is wrong, nothing is left.

``HANDRAIL_CHAOS_ROUNDS`` (10) and ``HANDRAIL_CHAOS_SEED`` (0): how often, and beginning with which.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from gated import outcomes, report_of
from processes import children, finished, kill, state, supervisor, wait_for
from real_runs import PATIENCE_S, Project

ROUNDS = int(os.environ.get("HANDRAIL_CHAOS_ROUNDS", "10"))
FIRST_SEED = int(os.environ.get("HANDRAIL_CHAOS_SEED", "0"))
LASTS_S = 2.0
"""About as long as a run takes here; the moment is drawn from a little more."""
MODULE = """
    import os, time, pytest

    def note(name):
        descriptor = os.open("ran.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, f"{{name}}\\n".encode())
        os.close(descriptor)

    @pytest.mark.parametrize("n", range(20))
    def test_n(n):
        note(f"{name}{{n}}")
        time.sleep(0.02)
"""
ALL = {f"test_{name}.py::test_n[{n}]" for name in "abc" for n in range(20)}


def kill_supervisor(project: Project, follower: "subprocess.Popen[str]") -> None:
    if "owner" in state(project):
        kill(supervisor(project))
        return
    for pid, command in project.pids().items():  # it has not introduced itself yet
        if pid != follower.pid and "launch.py" not in command:
            kill(pid)


def kill_session(project: Project, follower: "subprocess.Popen[str]") -> None:
    if "keeper" in state(project) and children(supervisor(project)):
        kill(*(each for each in children(supervisor(project)) if each != keeper(project)))


def kill_worker(project: Project, follower: "subprocess.Popen[str]") -> None:
    sessions = [
        each
        for each in children(supervisor(project) if "keeper" in state(project) else -1)
        if each != keeper(project)
    ]
    kill(*[worker for each in sessions for worker in children(each)][:1])


def keeper(project: Project) -> int:
    return int(state(project)["keeper"]["pid"])


VICTIMS: dict[str, Callable[[Project, "subprocess.Popen[str]"], None]] = {
    "follower": lambda project, follower: follower.kill(),
    "group": lambda project, follower: os.killpg(follower.pid, signal.SIGKILL),
    "supervisor": kill_supervisor,
    "session": kill_session,
    "worker": kill_worker,
}
MAY_ANSWER = {
    "follower": {0},
    "group": {0},
    "supervisor": {0, 2},  # 0: it had just ended
    "session": {0, 2},
    "worker": {0, 1},  # 0: it ran no test at that moment
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + ROUNDS))
def test_whatever_is_killed_at_whatever_moment(project: Project, seed: int) -> None:
    draw = random.Random(seed)
    victim, moment_s = draw.choice(list(VICTIMS)), draw.uniform(0.1, LASTS_S * 1.2)
    which = f"seed {seed}: {victim} after {moment_s:.2f} s"
    project.write(**{f"test_{name}": MODULE.format(name=name) for name in "abc"})
    follower = project.start("-n", "2", "--json")

    time.sleep(moment_s)
    VICTIMS[victim](project, follower)
    follower.communicate(timeout=PATIENCE_S)
    wait_for(lambda: not project.pids(), lambda: f"the end of all, {which}: {project.pids()}")

    if project.latest_id() and state(project):
        judge(project, MAY_ANSWER[victim], which)
    else:
        assert victim in {"follower", "group", "supervisor"}, which  # before it had begun
    assert set(project.counts().values()) <= {1}, which
    assert_the_next_run_is_well(project, which)


def judge(project: Project, may_answer: set[int], which: str) -> None:
    """What became of a run: asked for, reported and told agree."""
    waited = project.command("handrail", "wait", "--json")
    asked = project.command("handrail", "status")
    assert waited.returncode in may_answer, f"{which}: {waited.stdout}{waited.stderr}"
    assert asked.returncode == waited.returncode, f"{which}: {asked.stdout}"
    if not project.latest("report.json"):
        # Killed before it had a keeper: there was nothing to report.
        assert (waited.returncode, finished(project)) == (2, []), which
        return
    report: dict[str, Any] = json.loads(project.latest("report.json"))
    assert state(project)["state"] == "finished", which
    assert report["exit_code"] == waited.returncode, which
    assert report == json.loads(waited.stdout), which

    told, found = Counter(finished(project)), outcomes(report)
    assert set(told) == set(found), which
    assert set(told.values()) <= {1}, which
    assert found == outcomes(report_of(project)), which
    ran = {f"test_{each[0]}.py::test_n[{each[1:]}]" for each in project.counts()}
    bad = {test for test, outcome in found.items() if outcome != "passed"}
    match waited.returncode:
        case 0:
            assert (set(found), bad, report["complete"]) == (ALL, set(), True), which
        case 1:
            assert bad or report["failures"], which
            assert len(bad) <= 1, f"{which}: {bad}"
        case _:
            assert not bad, f"{which}: {bad}"
            assert set(found) <= ran, which


def assert_the_next_run_is_well(project: Project, which: str) -> None:
    again = project.run("--json", "test_a.py")
    assert (again.returncode, len(again.passed), again.left) == (0, 20, []), which
