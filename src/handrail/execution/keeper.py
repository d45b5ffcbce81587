"""A process that outlives a supervisor that was killed, to end what it left and to say what became
of the run.

SIGKILL leaves no time to tidy up. The kernel ends the session and its workers with the supervisor;
processes that tests started are nobody's children, and are known by a mark in their environment.
"""

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from handrail.execution import limits

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Keeper:
    """The supervisor's hold on its keeper. ``release`` it when the verdict is written.

    If it is not, everything is killed whose environment holds ``mark``, then ``on_loss`` is called.
    ``kept``: a descriptor that ``on_loss`` needs.
    """

    def __init__(self, mark: bytes, on_loss: Callable[[], None], *, kept: int) -> None:
        source, self._sink = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._sink)
            _keep(source, mark, on_loss, kept)
        os.close(source)

    def release(self) -> None:
        """All went well: the keeper ends."""
        with contextlib.suppress(OSError):
            os.write(self._sink, b".")
        os.close(self._sink)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _keep(source: int, mark: bytes, on_loss: Callable[[], None], kept: int) -> None:
    code = 1
    try:
        os.setsid()
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            if descriptor not in {source, kept}:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        if not os.read(source, 1):
            end_marked(mark)
            on_loss()
        code = 0
    finally:
        os._exit(code)


def end_marked(mark: bytes) -> None:
    """SIGKILL to every process of ours whose environment holds ``mark`` (``NAME=VALUE``), again and
    again until there is none.
    """
    while found := marked(mark):
        limits.kill_all(found)
        for pid in found:
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)


def marked(mark: bytes) -> set[int]:
    """Living processes whose environment holds ``mark``; not this one."""
    found = set()
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                        found.add(int(name))
    return found
