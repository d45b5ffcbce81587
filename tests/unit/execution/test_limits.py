"""Ending processes for good. Real processes; readiness comes through pipes."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable

from handrail.execution import limits

READY_S = 10.0
GRANDCHILD = """
import os, sys
if os.fork() == 0:
    {grandchild}
    os.write({pipe}, b"%d\\n" % os.getpid())
    while True:
        __import__("signal").pause()
{parent}
while True:
    __import__("signal").pause()
"""


class Family:
    """A process with a grandchild that ignores SIGTERM; both hold a pipe open as long as they live."""

    def __init__(
        self, *, grandchild: str = "pass", parent: str = "pass", mark: str = "NONE=1"
    ) -> None:
        self._read, write = os.pipe()
        code = GRANDCHILD.format(grandchild=grandchild, parent=parent, pipe=write)
        name, _, value = mark.partition("=")
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", code],
            pass_fds=(write,),
            process_group=0,
            env={**os.environ, name: value},
        )
        os.close(write)
        ready, _, _ = select.select([self._read], [], [], READY_S)
        assert ready
        self.grandchild = int(os.read(self._read, 64))

    def is_gone(self) -> bool:
        """Wait until nobody holds the pipe any more; False if that takes too long."""
        ready, _, _ = select.select([self._read], [], [], READY_S)
        is_gone = bool(ready) and os.read(self._read, 64) == b""
        os.close(self._read)
        return is_gone

    def end(self) -> None:
        limits.kill_all({self.process.pid, self.grandchild})
        self.process.wait()


def gone_after(family: Family, end: Callable[[], None]) -> bool:
    try:
        end()
        return family.is_gone()
    finally:
        family.end()


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
limits.adopt_orphans()
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
limits.kill_all({pids[1]})
os.waitpid(pids[1], 0)
sys.exit(0 if os.WTERMSIG(ended[1]) == 9 and other == (0, 0) else 1)
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=READY_S, check=False)

    assert done.returncode == 0


def test_a_process_dies_with_the_one_that_started_it() -> None:
    read, write = os.pipe()
    code = f"""
import os, signal
from handrail.execution import limits
if os.fork() == 0:
    limits.die_with_parent()
    os.write({write}, b"ready")
    while True:
        signal.pause()
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", code], pass_fds=(write,)) as parent:
        os.close(write)
        assert select.select([read], [], [], READY_S)[0]
        assert os.read(read, 64) == b"ready"

        parent.kill()

        assert select.select([read], [], [], READY_S)[0]
        assert os.read(read, 64) == b""
    os.close(read)


def test_a_group_and_a_process_that_are_gone_are_fine() -> None:
    limits.signal_group(2**22 + 1, signal.SIGTERM)
    limits.kill_tree(2**22 + 1)

    assert limits.memory_bytes(2**22 + 1) == 0


def test_descendants_are_found_at_any_depth() -> None:
    family = Family()

    found = limits.descendants(os.getpid())
    family.end()

    assert {family.process.pid, family.grandchild} <= found


def test_memory_is_what_the_kernel_counts() -> None:
    before = limits.memory_bytes(os.getpid())
    block = bytearray(b"x") * (32 << 20)

    after = limits.memory_bytes(os.getpid())

    assert len(block) - (4 << 20) < after - before < 2 * len(block)


def test_the_machine_tells_what_may_be_used() -> None:
    assert 0 < limits.available_processors() <= (os.cpu_count() or 1)
    assert limits.thread_count() >= 1
