"""A process that has started another, which does not want to end; real ones."""

import os
import select
import subprocess
import sys
from collections.abc import Callable

from handrail.system import processes

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
        processes.kill_all({self.process.pid, self.grandchild})
        self.process.wait()


def gone_after(family: Family, end: Callable[[], None]) -> bool:
    try:
        end()
        return family.is_gone()
    finally:
        family.end()
