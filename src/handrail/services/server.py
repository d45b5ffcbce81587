"""One server, from its order to its end, as a generator that says what it waits for."""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import time
from collections.abc import Callable, Generator, Iterator

from handrail.core.readiness import exchange, pauses, shortfall
from handrail.frozen import dataclass, replace
from handrail.model.services import Start
from handrail.services.attempts import Attempt
from handrail.services.copying import copy_folder
from handrail.services.leftovers import remove_leftovers
from handrail.services.orders import Answer, Ended, Failed, Started, Stopped
from handrail.services.undoing import undo
from handrail.system import processes

LISTENING = 3
"""The descriptor at which a server finds the socket that was opened for it."""
_READ_BYTES = 1 << 16
_POLL_S = 0.02
"""Between two looks at a process whose end gives no event."""
_PAUSE_S = 0.002
"""Between two looks at processes that were killed and are not our children."""
_SIGNALS = range(1, signal.NSIG)


@dataclass(frozen=True, slots=True)
class Wait:
    """What a server waits for: one of these descriptors, or a time."""

    descriptors: tuple[tuple[int, int], ...]
    """Each with its events, as ``select.poll`` calls them."""
    until: float = float("inf")
    """``time.monotonic``."""


Waiting = Generator[Wait, None, None]


class Server:
    """Carries out one ``Start``. ``run`` is to be resumed when something that it waits for happens."""

    def __init__(self, start: Start, tell: Callable[[Answer], None]) -> None:
        self.start = start
        self.is_stop_asked = False
        self._tell = tell
        self._pid = 0
        self._status: int | None = None
        self._end = self._output = self._notices = -1
        self._log = -1
        self._printed = b""
        self._is_announced = False
        self._answer = b""
        self._address = start.address
        self._why = ""

    @property
    def pid(self) -> int:
        """Its process; 0 while there is none."""
        return self._pid if self._status is None else 0

    def run(self) -> Waiting:
        """Live."""
        began = time.monotonic()
        try:
            why = yield from self._begin(began + self.start.ready.within_s)
            if why:
                yield from self._end_it()
                self._tell(Failed(name=self.start.name, why=why))
                return
            self._tell(
                Started(
                    name=self.start.name,
                    pid=self._pid,
                    host=self._address.host,
                    port=self._address.port,
                    took_s=time.monotonic() - began,
                )
            )
            while self._is_alive and not self.is_stop_asked:
                yield self._wait()
            if self.is_stop_asked:
                yield from self._stop()
                yield from self._remove()
                self._tell(Stopped(name=self.start.name))
            else:
                yield from self._end_it()
                self._tell(Ended(name=self.start.name, why=self._fate))
        except OSError as error:
            yield from self._end_it()
            self._tell(Failed(name=self.start.name, why=str(error)))
        finally:
            self._close()

    # Beginning.

    def _begin(self, ends_at: float) -> Generator[Wait, None, str]:
        """Copy, start, wait for it; return why it is not ready, empty if it is."""
        why = yield from self._copy()
        if why:
            return why
        self._spawn()
        yield from self._hear(ends_at)
        if self._is_announced and (yield from self._is_answering(ends_at)):
            return ""
        if self.is_stop_asked:
            return "stopped before it was ready"
        if not self._is_alive:
            return self._fate
        ready = self.start.ready
        why = shortfall(ready, is_announced=self._is_announced, answer=self._answer)
        return f"not ready within {ready.within_s:g} s: {why}"

    def _is_answering(self, ends_at: float) -> Generator[Wait, None, bool]:
        """Ask until it answers; give up when it ends or time is up."""
        asked = exchange(self.start.ready)
        if asked is None:
            return self._is_alive
        for pause in pauses():
            attempt = Attempt(self._address, asked, ends_at)
            try:
                while (verdict := attempt.advance()) is None and self._is_waited_for:
                    yield self._wait((attempt.descriptor, attempt.events), until=attempt.ends_at)
            finally:
                self._answer = attempt.answer or self._answer
                attempt.close()
            if verdict:
                return True
            if not self._is_waited_for or time.monotonic() >= ends_at:
                return False
            yield from self._rest(pause)
        return False

    @property
    def _is_waited_for(self) -> bool:
        return self._is_alive and not self.is_stop_asked

    def _hear(self, ends_at: float) -> Waiting:
        """Wait for the event that the server gives, if it gives one."""
        self._is_announced = not self.start.ready.notifies and not self.start.ready.line
        while self._is_waited_for and not self._is_announced and time.monotonic() < ends_at:
            yield self._wait(until=ends_at)

    def _copy(self) -> Generator[Wait, None, str]:
        """Fill the folder; whoever copies is a process of its own, so that others go on meanwhile."""
        folder, source = self.start.folder, self.start.copy_of
        if source:
            shutil.rmtree(folder, ignore_errors=True)
            self._fork(lambda output: _copy(source, folder, output))
            while self._is_alive:
                yield self._wait()
            if self._status:
                return f"{source} cannot be copied: {self._last_line()}"
            self._forget_process()
            return ""
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if self.start.owner is not None:
            os.chown(folder, *self.start.owner)
        return ""

    def _spawn(self) -> None:
        start = self.start
        self._write_files()
        env = dict(start.env)
        listener = None
        if start.listens:
            listener = socket.create_server((start.address.host, start.address.port), backlog=128)
            self._address = replace(start.address, port=listener.getsockname()[1])
        if start.ready.notifies:
            env["NOTIFY_SOCKET"] = self._listen_for_notices()
        port = str(self._address.port)
        argv = [each.replace("{port}", port) for each in start.argv]
        env = {name: value.replace("{port}", port) for name, value in env.items()}
        self._log = os.open(f"{start.folder}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            place = start.works_in or start.folder
            self._fork(lambda output: _become(argv, env, place, output, listener, start.owner))
        finally:
            if listener is not None:
                listener.close()

    def _write_files(self) -> None:
        for name, text in self.start.files.items():
            with open(os.path.join(self.start.folder, name), "w", encoding="utf-8") as file:
                file.write(text)

    def _listen_for_notices(self) -> str:
        path = f"{self.start.folder}.notify"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        notices.bind(path)
        os.chmod(path, 0o666)  # noqa: S103 - the server may run as somebody else
        self._notices = notices.detach()
        return path

    def _fork(self, live: Callable[[int], None]) -> None:
        """Have ``live`` run in a process of its own; it is given where its output goes."""
        source, sink = os.pipe()
        os.set_blocking(source, False)
        self._status = None
        self._pid = os.fork()
        if self._pid == 0:
            try:
                live(sink)
            except OSError as error:
                os.write(sink, f"{error.filename}: {error.strerror}\n".encode())
            finally:
                os._exit(127)
        os.close(sink)
        self._output = source
        self._end = processes.pidfd(self._pid)

    def _forget_process(self) -> None:
        for descriptor in (self._output, self._end):
            if descriptor >= 0:
                os.close(descriptor)
        self._output = self._end = -1
        self._pid = 0
        self._printed = b""

    # Living.

    def _wait(self, *more: tuple[int, int], until: float = float("inf")) -> Wait:
        """Whatever else: its output, its notices and its end."""
        own = [each for each in (self._output, self._notices, self._end) if each >= 0]
        if self._end < 0 and self._status is None:
            until = min(until, time.monotonic() + _POLL_S)
        if self._status is not None:
            until = 0.0
        return Wait((*((each, select.POLLIN) for each in own), *more), until)

    def _rest(self, seconds: float) -> Waiting:
        """Let some time pass; not if the server ends meanwhile."""
        ends_at = time.monotonic() + seconds
        while self._is_waited_for and time.monotonic() < ends_at:
            yield self._wait(until=ends_at)

    def _look(self) -> None:
        """Take in what it printed and whether it says that it is ready."""
        while self._output >= 0:
            try:
                printed = os.read(self._output, _READ_BYTES)
            except BlockingIOError:
                break
            if not printed:
                os.close(self._output)
                self._output = -1
                break
            if self._log >= 0:
                with contextlib.suppress(OSError):  # a full disk: the server matters more
                    os.write(self._log, printed)
            self._note(printed)
        if self._notices >= 0:
            with contextlib.suppress(BlockingIOError):
                self._is_announced |= b"READY=1" in os.read(self._notices, 4096).split(b"\n")

    def _note(self, printed: bytes) -> None:
        self._printed = (self._printed + printed)[-_READ_BYTES:]
        wanted = self.start.ready.line
        if wanted and not self._is_announced:
            found = re.search(wanted.encode(), self._printed)
            self._is_announced = found is not None
            places = found.groupdict() if found is not None else {}
            if places.get("port"):
                host = places.get("host")
                self._address = replace(
                    self._address,
                    host=host.decode() if host else self._address.host,
                    port=int(places["port"]),
                )

    @property
    def _is_alive(self) -> bool:
        if self._status is None:
            self._look()
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._status = status
                self._look()
        return self._status is None

    @property
    def _fate(self) -> str:
        if self._why:
            return self._why
        if self._status is None:
            return "it was stopped"
        code = os.waitstatus_to_exitcode(self._status)
        return f"ended with exit code {code}" if code >= 0 else f"ended by signal {-code}"

    def _last_line(self) -> str:
        lines = self._printed.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else self._fate

    # Ending.

    def end_because(self, why: str) -> None:
        """Kill it, and say why when it is asked for."""
        self._why = why
        processes.kill_all(processes.below(self._pid) | {self._pid})

    def _stop(self) -> Waiting:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, self.start.stop_signal)
        ends_at = time.monotonic() + self.start.stop_within_s
        while self._is_alive and time.monotonic() < ends_at:
            yield self._wait(until=ends_at)
        yield from self._end_it()

    def _end_it(self) -> Waiting:
        """Kill what is left of it; run what undoes it."""
        if self._pid:
            doomed = processes.below(self._pid)
            if self._status is None:
                doomed.add(self._pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
            processes.kill_all(doomed)
            while self._is_alive:
                yield self._wait()
            while left := self._left_behind():
                processes.kill_all(left)
                yield Wait((), time.monotonic() + _PAUSE_S)
            remove_leftovers(self.start.folder)
        undo(os.path.dirname(self.start.folder), self.start.undo)

    def _remove(self) -> Waiting:
        """Remove its folder; a process of its own does, so that others go on meanwhile."""
        if not self.start.is_kept:
            self._forget_process()
            rm = ["rm", "-rf", "--", self.start.folder]
            self._fork(lambda output: _become(rm, {"PATH": os.defpath}, "/", output))
            while self._is_alive:
                yield self._wait()

    def _left_behind(self) -> set[int]:
        """Processes that it started in sessions of their own, which came to us when it ended."""
        home = self.start.folder
        return {
            pid for pid in processes.below(os.getpid()) if processes.working_folder(pid) == home
        }

    def _close(self) -> None:
        self._forget_process()
        for descriptor in (self._notices, self._log):
            if descriptor >= 0:
                os.close(descriptor)
        self._notices = self._log = -1
        with contextlib.suppress(OSError):
            os.unlink(f"{self.start.folder}.notify")


def _copy(source: str, folder: str, output: int) -> None:
    """In the child: copy a folder."""
    parent = os.getppid()
    os.dup2(output, 2)
    os.setsid()
    _end_with(parent)
    copy_folder(source, folder)
    os._exit(0)


def _become(
    argv: list[str],
    env: dict[str, str],
    folder: str,
    output: int,
    listener: socket.socket | None = None,
    owner: tuple[int, int] | None = None,
) -> None:
    """In the child: everything that must be so before the server's first instruction."""
    parent = os.getppid()
    os.setsid()
    for number in _SIGNALS:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if listener is not None:
        os.dup2(listener.fileno(), LISTENING)
        os.set_inheritable(LISTENING, True)  # noqa: FBT003 - positional only; it may be that one
    os.chdir(folder)
    if owner is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(owner[1])
        os.setuid(owner[0])
    _end_with(parent)
    try:
        os.execvpe(argv[0], argv, env)  # noqa: S606
    except OSError as error:
        error.filename = argv[0]
        raise


def _end_with(parent: int) -> None:
    """In the child: live no longer than the supervisor."""
    processes.die_with_parent()
    if os.getppid() != parent:
        os._exit(1)


def descriptors(waits: Iterator[Wait]) -> dict[int, int]:
    """All that several servers wait for, as one table for ``select.poll``."""
    table: dict[int, int] = {}
    for wait in waits:
        for descriptor, events in wait.descriptors:
            table[descriptor] = table.get(descriptor, 0) | events
    return table
