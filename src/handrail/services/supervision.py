"""A pytest process's hold on its supervisor: orders out, answers in."""

import contextlib
import os
import select
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from handrail.errors import ExitCode, UserError
from handrail.frozen import replace
from handrail.model.services import Running, Start
from handrail.services.orders import (
    Answer,
    Begun,
    Detach,
    Detached,
    Ended,
    Failed,
    Started,
    Stop,
    Stopped,
    pack_order,
    unpack_answer,
)
from handrail.services.sessions import new_session
from handrail.system import processes

LOG_LINES = 30
"""Of the end of a server's log, in an error."""
PATIENCE_S = 5.0
"""Beyond what a server may take, after which the supervisor is taken to be dead."""
_READ_BYTES = 1 << 16
_KEPT_FROM_SERVERS = ("HANDRAIL_MARK",)
_CODE = "import sys; sys.path[:0] = [sys.argv[1]]; from handrail.services.supervisor import main; main(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])"


_SILENT = "the supervisor of services does not answer"


class ServiceNotReadyError(UserError):
    """A server did not become ready; shown with the end of its log."""

    reference = "service-not-ready"
    exit_code = ExitCode.INFRA_ERROR


class Supervision:
    """Starts the supervisor, and servers through it. Close it; if nobody does, the servers end with
    this process.
    """

    def __init__(self, base: Path) -> None:
        self.folder = new_session(base)
        """Of the session: every server has a folder in it. The supervisor makes it, and removes it."""
        self._orders: dict[str, Start] = {}
        self._answers: dict[str, Answer] = {}
        self._ended: list[Ended] = []
        self._pids: dict[str, int] = {}
        """Of each server that answers."""
        self._unread = b""
        self._process = os.getpid()
        self._channel, self._supervisor = _start(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        return self._supervisor

    def workshop(self) -> Path:
        """The session's folder, once it is there. Raises: ServiceNotReadyError."""
        answer = self._answer(Begun().name, 0.0)
        if isinstance(answer, Begun):
            return self.folder
        why = answer.why if isinstance(answer, Failed) else "it ended"
        raise ServiceNotReadyError("no server can be started", where=why, hint=hint_from(why))

    def begin(self, start: Start) -> None:
        """Have a server started; ``result`` waits for it."""
        self._orders[start.name] = start
        self._answers.pop(start.name, None)
        self._channel.sendall(pack_order(start))

    def result(self, name: str) -> Running:
        """Wait until it is ready. Raises: ServiceNotReadyError."""
        start = self._orders[name]
        answer = self._answer(name, start.ready.within_s)
        if isinstance(answer, Started):
            address = replace(start.address, host=answer.host, port=answer.port)
            self._pids[name] = answer.pid
            return Running(
                name=name, pid=answer.pid, address=address, log=log_of(start), took_s=answer.took_s
            )
        why = answer.why if isinstance(answer, (Failed, Ended)) else "was stopped"
        log = log_tail(log_of(start))
        raise ServiceNotReadyError(
            f"{name} is not ready: {why}",
            where="\n".join((f"command: {' '.join(start.argv)}", *log)),
            hint=hint_from("\n".join((why, *log))),
        )

    def start(self, start: Start) -> Running:
        """Start a server and wait until it is ready. Raises: ServiceNotReadyError."""
        self.begin(start)
        return self.result(start.name)

    def stop(self, name: str) -> None:
        """Stop a server, gently at first; return when it is gone. One that has ended is fine."""
        self._take_in(0.0)
        if name not in self._orders or isinstance(
            self._answers.get(name), (Failed, Ended, Stopped)
        ):
            return
        self._pids.pop(name, None)
        self._answers.pop(name, None)
        self._channel.sendall(pack_order(Stop(name=name)))
        self._answer(name, self._orders[name].stop_within_s)

    def ended(self) -> list[Ended]:
        """Servers that were ready once and have ended, unasked, since this was last called."""
        for name, pid in list(self._pids.items()):
            if processes.is_ending(pid):  # though the supervisor may not have said so yet
                del self._pids[name]
                if not isinstance(self._answers.get(name), Ended):
                    self._answers.pop(name, None)
                    self._answer(name, 0.0)
        self._take_in(0.0)
        told, self._ended = self._ended, []
        return told

    def detach(self) -> int:
        """Let the servers go on without this process, until their supervisor gets SIGTERM; its pid."""
        self._channel.sendall(pack_order(Detach()))
        answer = self._answer(Detached().name, 0.0)
        assert isinstance(answer, Detached), answer
        self._channel.close()
        detached, self._supervisor = self._supervisor, 0
        return detached

    def close(self) -> None:
        """End every server, remove the folder; return when that is done."""
        if os.getpid() != self._process or self._supervisor == 0:
            return
        self._channel.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._supervisor, 0)
        self._supervisor = 0

    def _answer(self, name: str, within_s: float) -> Answer:
        ends_at = time.monotonic() + within_s + PATIENCE_S
        while name not in self._answers:
            if time.monotonic() >= ends_at or not self._take_in(ends_at - time.monotonic()):
                session = self._answers.get(Begun().name)
                why = session.why if isinstance(session, Failed) else _SILENT
                return Failed(name=name, why=why)
        return self._answers[name]

    def _take_in(self, timeout_s: float) -> bool:
        """Read what came; whether the supervisor is there."""
        if not select.select([self._channel], [], [], timeout_s)[0]:
            return True
        try:
            chunk = self._channel.recv(_READ_BYTES)
        except OSError:
            chunk = b""
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            answer = unpack_answer(line)
            self._answers[answer.name] = answer
            if isinstance(answer, Ended):
                self._ended.append(answer)
        return bool(chunk)


def hint_from(said: str) -> str:
    """What to try about a server that does not start, from what it said."""
    known = {
        "ddress already in use": "something else listens there; write {port} into the command "
        "instead of a number",
        "No space left on device": "make room there (df -h), or set TMPDIR to a folder that has some",
    }
    usual = "the lines above are the end of its log; run that command by hand to see more"
    return next((hint for sign, hint in known.items() if sign in said), usual)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a server inherits of the environment, with ``more``."""
    kept = {name: value for name, value in os.environ.items() if name not in _KEPT_FROM_SERVERS}
    return kept | dict(more)


def log_tail(path: str, lines: int = LOG_LINES) -> list[str]:
    """The last lines of a server's log; empty if it printed nothing."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - (1 << 16)))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []


def log_of(start: Start) -> str:
    """Where everything is that it prints."""
    return f"{start.folder}.log"


def _start(folder: Path) -> tuple[socket.socket, int]:
    """Start the supervisor; our end of its channel, and its process id."""
    import handrail

    ours, theirs = socket.socketpair()
    source = str(Path(handrail.__file__).parent.parent)
    theirs.set_inheritable(True)
    try:
        pid = os.posix_spawn(
            sys.executable,
            [
                *(sys.executable, "-I", "-S", "-c", _CODE, source),
                *(str(theirs.fileno()), str(os.getpid()), str(folder)),
            ],
            environment({}),
        )
    finally:
        theirs.close()
    return ours, pid
