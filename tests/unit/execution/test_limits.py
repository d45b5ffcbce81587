"""Ending a worker for good. Real processes; readiness comes through pipes."""

import os
import signal
import subprocess
import sys

from families import READY_S, Family, gone_after

from handrail.execution import limits

NOBODY = 2**22 + 1
"""No process has this id."""


def test_the_whole_group_is_killed() -> None:
    family = Family()

    assert gone_after(family, lambda: limits.kill_tree(family.process.pid))


def test_what_left_for_a_session_of_its_own_is_killed_while_its_parent_lives() -> None:
    family = Family(grandchild="os.setsid()")

    assert gone_after(family, lambda: limits.kill_tree(family.process.pid))


def test_orphans_that_carry_the_mark_are_killed_and_no_others() -> None:
    code = """
import os, sys
from handrail.execution import limits
from handrail.system import processes
processes.adopt_orphans()
pids = []
for name in ("gw1", "gw2"):
    read, write = os.pipe()
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            os.dup2(write, 9)
            os.set_inheritable(9, True)
            os.execve("/bin/sh", ["sh", "-c", "echo $$ >&9; exec sleep 60"], {"WORKER": name, "PATH": os.environ["PATH"]})
        os._exit(0)
    os.wait()
    pids.append(int(os.read(read, 64)))
limits.kill_tree(2**22 + 1, b"WORKER=gw1")
ended = os.waitpid(pids[0], 0)
other = os.waitpid(pids[1], os.WNOHANG)
processes.kill_all({pids[1]})
os.waitpid(pids[1], 0)
sys.exit(0 if os.WTERMSIG(ended[1]) == 9 and other == (0, 0) else 1)
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=READY_S, check=False)

    assert done.returncode == 0


def test_orphans_are_known_by_a_pipe_which_a_child_that_was_just_forked_may_hold_too() -> None:
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    inode = os.fstat(sink).st_ino

    limits.kill_tree(NOBODY, b"NOBODY=1", inode, started=[pid])
    is_spared = os.waitpid(pid, os.WNOHANG) == (0, 0)
    limits.kill_tree(NOBODY, b"NOBODY=1", inode)

    assert is_spared
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    os.close(source)
    os.close(sink)


def test_a_tree_that_is_gone_is_fine() -> None:
    limits.kill_tree(NOBODY)


def test_the_machine_tells_what_may_be_used() -> None:
    assert 0 < limits.available_processors() <= (os.cpu_count() or 1)
