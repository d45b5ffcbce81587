"""SIGKILL to a supervisor in the first milliseconds of its run: nothing is left behind."""

import signal
import subprocess

import pytest
from gated import gated
from processes import wait_for
from real_runs import SCRIPTS, Project

KILLED = """
import os, signal, sys
from handrail.cli import main
from handrail.execution.child import Session
from handrail.execution.prestart import Prestarted

def killed(method):
    def until_here(self, *arguments, **more):
        method(self, *arguments, **more)
        os.kill(os.getpid(), signal.SIGKILL)
    return until_here

{owner}.{method} = killed({owner}.{method})
main(["run", "--ci", "-n", "2"])
"""


@pytest.mark.parametrize(
    ("owner", "method"),
    [
        ("Prestarted", "__init__"),
        ("Session", "__init__"),
        ("Session", "begin"),
        ("Session", "teach"),
    ],
)
def test_nothing_is_left_of_a_run_whose_supervisor_is_killed_right_after(
    project: Project, owner: str, method: str
) -> None:
    gated(project)
    script = project.put("killed.py", KILLED.format(owner=owner, method=method))

    done = subprocess.run(
        [SCRIPTS / "python", script], cwd=project.folder, env=project.environment(), check=False
    )

    assert done.returncode == -signal.SIGKILL
    wait_for(lambda: not project.pids(), lambda: f"the end of {project.pids()}")
    if project.latest_id():
        told = project.command("handrail", "status")
        assert (told.returncode, told.stdout.split(" ")[0]) == (2, "INFRA_ERROR")
