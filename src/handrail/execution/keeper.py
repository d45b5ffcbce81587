"""A process that outlives a supervisor that was killed, to end what it left and to say what became
of the run.

SIGKILL leaves no time to tidy up. The kernel ends the session and its workers with the supervisor;
processes that tests started are nobody's children. They are known by a mark in their environment,
or, if they emptied that, because the keeper has seen them below the supervisor while it lived.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Mapping

from handrail.execution.lineage import Lineage
from handrail.system import processes
from handrail.system.processes import close_all_but, environment_of, every_pid, name_of

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


LOOK_S = 0.5
"""Between two looks at what there is below the supervisor; one costs a fifth of a millisecond."""
ENDING_S = 10.0
"""After which what cannot be killed is left alone: it waits for a broken disk, or the like."""
OnLoss = Callable[[Mapping[int, str]], None]


class Keeper:
    """The supervisor's hold on its keeper. ``release`` it when the verdict is written.

    If it is not, everything is killed whose environment holds ``mark``, or that was seen below the
    supervisor, then ``on_loss`` is called with what could not be killed: names by pid.
    ``kept``: a descriptor that ``on_loss`` needs.
    """

    def __init__(self, mark: bytes, on_loss: OnLoss, *, kept: int) -> None:
        source, self._sink = os.pipe()
        lineage = Lineage(os.getpid())
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._sink)
            _keep(source, mark, lineage, on_loss, kept)
        os.close(source)

    def release(self) -> None:
        """All went well: the keeper ends."""
        with contextlib.suppress(OSError):
            os.write(self._sink, b".")
        os.close(self._sink)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _keep(source: int, mark: bytes, lineage: Lineage, on_loss: OnLoss, kept: int) -> None:
    code = 1
    try:
        os.setsid()
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        close_all_but(source, kept)
        while not select.select([source], [], [], LOOK_S)[0]:
            lineage.look()
        if not os.read(source, 1):
            left = end_all(mark, lineage)
            on_loss({pid: name_of(pid) for pid in sorted(left)})
        code = 0
    finally:
        os._exit(code)


def end_all(
    mark: bytes,
    lineage: Lineage,
    *,
    within_s: float = ENDING_S,
    kill: Callable[[int, int], None] = os.kill,
) -> set[int]:
    """SIGKILL to every process of ours whose environment holds ``mark`` (``NAME=VALUE``) or that is
    left of ``lineage``, again and again until there is none; return those that do not go.
    """
    ends_at = time.monotonic() + within_s
    pause_s = 0.005
    not_ours: set[int] = set()
    while found := (lineage.left() | marked(mark)) - not_ours:
        for pid in found:
            if processes.tidies(pid) and time.monotonic() < ends_at - within_s / 2:
                continue
            try:
                kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            except PermissionError:
                not_ours.add(pid)
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() >= ends_at:
            return found | not_ours
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.2)
    return not_ours


def marked(mark: bytes) -> set[int]:
    """Living processes whose environment holds ``mark``; not this one."""
    return {pid for pid in every_pid() if pid != os.getpid() and mark in environment_of(pid)}
