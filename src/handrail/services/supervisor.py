"""The process that owns every server of one pytest process, and the folder that they live in.

One thread, one loop. Orders come as lines of JSON, answers go back the same way. When the pytest
process ends, however it ends, the servers are killed and the folder is removed. If this process is
killed too, the kernel kills its children; their folder is swept by whoever starts servers next.

It runs without ``site`` and imports next to nothing: it is on the way to the first test.
"""

import contextlib
import os
import select
import shutil
import signal
import time

from handrail.model.services import Start
from handrail.services.claiming import claim
from handrail.services.leftovers import remove_leftovers
from handrail.services.orders import (
    Answer,
    Begun,
    Detach,
    Detached,
    Failed,
    Stop,
    pack_answer,
    unpack_order,
)
from handrail.services.server import Server, Wait, Waiting, descriptors
from handrail.services.undoing import forget_undo, note_undo, run_undos
from handrail.system import processes

LOOK_S = 0.5
"""Between two looks at the servers' memory."""
ENDING_S = 5.0
"""After which what cannot be killed is left alone."""
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGQUIT)
_READ_BYTES = 1 << 16


class Supervisor:
    """Serves one pytest process, at the other end of ``channel``, until that ends or hangs up."""

    def __init__(self, channel: int, served: int, folder: str) -> None:
        self._channel = channel
        self._served_end = processes.pidfd(served)
        self._folder = folder
        self._unread = b""
        self._servers: dict[str, tuple[Server, Waiting, Wait]] = {}
        self._looked_at = 0.0
        self._is_served = True

    def serve(self) -> None:
        """Return when nobody is served any more and nothing is left."""
        try:
            claim(self._folder)  # and hold it to the end
            os.chdir(self._folder)
        except OSError as error:
            self._tell(Failed(name=Begun().name, why=str(error)))
            return
        try:
            self._tell(Begun())
            while self._is_served:
                self._turn()
        finally:
            self._leave_nothing()

    def _turn(self) -> None:
        """Wait for whatever comes first, and go on with it."""
        poll = select.poll()
        if self._channel >= 0:
            poll.register(self._channel, select.POLLIN)
        if self._served_end >= 0:
            poll.register(self._served_end, select.POLLIN)
        waits = [wait for _, _, wait in self._servers.values()]
        for descriptor, events in descriptors(iter(waits)).items():
            poll.register(descriptor, events)
        happened = {descriptor for descriptor, _ in poll.poll(self._patience_ms(waits))}
        if self._served_end >= 0 and self._served_end in happened:
            self._is_served = False
            return
        if self._channel in happened:
            self._take_orders()
        now = time.monotonic()
        for name, (server, life, wait) in list(self._servers.items()):
            if server.is_stop_asked or now >= wait.until or self._concerns(wait, happened):
                self._resume(name, server, life)
        self._reap()
        self._look_at_memory(now)

    @staticmethod
    def _concerns(wait: Wait, happened: set[int]) -> bool:
        return any(descriptor in happened for descriptor, _ in wait.descriptors)

    def _patience_ms(self, waits: list[Wait]) -> float | None:
        until = min((wait.until for wait in waits), default=float("inf"))
        if any(server.start.memory_bytes for server, _, _ in self._servers.values()):
            until = min(until, self._looked_at + LOOK_S)
        if until == float("inf"):
            return None
        return max(0.0, until - time.monotonic()) * 1000 + 0.5

    def _take_orders(self) -> None:
        try:
            chunk = os.read(self._channel, _READ_BYTES)
        except OSError:
            chunk = b""
        if not chunk:
            self._is_served = False
            return
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            match unpack_order(line):
                case Stop(name=name):
                    self._stop(name)
                case Detach():
                    self._detach()
                case Start() as start:
                    self._start(start)

    def _start(self, start: Start) -> None:
        if start.undo:
            note_undo(self._folder, start.undo)
        server = Server(start, self._tell)
        self._resume(start.name, server, server.run())

    def _stop(self, name: str) -> None:
        if name in self._servers:
            self._servers[name][0].is_stop_asked = True

    def _detach(self) -> None:
        """From now on serve nobody: live until SIGTERM, and hold nothing open of whoever is gone."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.close(nothing)
        signal.signal(signal.SIGTERM, self._end)
        self._tell(Detached())
        os.close(self._channel)
        if self._served_end >= 0:
            os.close(self._served_end)
        self._channel = self._served_end = -1

    @staticmethod
    def _end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit

    def _resume(self, name: str, server: Server, life: Waiting) -> None:
        try:
            self._servers[name] = (server, life, next(life))
        except StopIteration:
            self._servers.pop(name, None)
            if server.start.undo:
                forget_undo(self._folder, server.start.undo)

    def _tell(self, answer: Answer) -> None:
        with contextlib.suppress(OSError):
            line = pack_answer(answer)
            while line:
                line = line[os.write(self._channel, line) :]

    def _reap(self) -> None:
        """Wait for orphans that came to us; servers wait for their own."""
        own = {server.pid for server, _, _ in self._servers.values()}
        with contextlib.suppress(ChildProcessError):
            while True:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if found is None or found.si_pid in own:
                    return
                os.waitpid(found.si_pid, 0)

    def _look_at_memory(self, now: float) -> None:
        if now < self._looked_at + LOOK_S:
            return
        self._looked_at = now
        for server, _, _ in self._servers.values():
            most = server.start.memory_bytes
            if most is not None and server.pid:
                used = sum(map(processes.private_bytes, {server.pid} | processes.below(server.pid)))
                if used > most:
                    server.end_because(f"used {used >> 20} MiB, more than the {most >> 20} allowed")

    def _leave_nothing(self) -> None:
        ends_at = time.monotonic() + ENDING_S
        while left := processes.below(os.getpid()):
            processes.kill_all(left)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if time.monotonic() >= ends_at:
                break
            time.sleep(0.002)
        remove_leftovers(self._folder)
        run_undos(self._folder)
        shutil.rmtree(self._folder, ignore_errors=True)


def main(channel: int, served: int, folder: str) -> None:
    """Supervise for process ``served``, heard through ``channel``, in the session's folder."""
    os.set_inheritable(channel, False)  # noqa: FBT003 - positional only
    processes.call_itself(processes.TIDIES)
    processes.adopt_orphans()
    os.setsid()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    Supervisor(channel, served, folder).serve()
