"""A warm process that outlives the run it learned from, and forks a run for whoever asks at its socket.

Each run gets a supervisor in a session of its own, that has taken on what its caller would have
handed down, and that does nothing before the caller has confirmed the order: one who did not wait
for the answer has no second run. It ends when it is of no more use, and after ``idle_s``.
"""

import os
import select
import signal
import socket
import time
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from handrail.execution.console import heed_signals
from handrail.execution.inheritance import Reading, inheritance, mark_anew, obstacle, take_on
from handrail.execution.stamps import changed, stamps
from handrail.execution.warm_socket import GO, listen, socket_path, user_of
from handrail.execution.warmed import Orders, learn, reap, supervise

LOOK_S = 2.0
"""Between two looks whether its work tree is there, and anybody has asked in the last while."""
PATIENCE_S = 5.0
"""With a caller that has begun to ask."""


def serve(descriptor: int, reading: Reading) -> str:
    """Learn what the first order names, then take others at the socket.

    Returns only in a session, what it calls its pipes. ``reading``: what has been read of the
    environment since this process began.
    """
    orders = Orders(socket.socket(fileno=descriptor))
    found = orders.next()
    orders.close()
    if found is None:
        os._exit(0)
    order, (lock,) = found
    try:
        return Lasting(order, lock, reading).serve()
    except BaseException:  # noqa: BLE001 - it may have threads, which would keep it from ending
        os._exit(1)


class Lasting:
    """The warm process of one work tree. ``lock``: held as long as it lives."""

    def __init__(self, order: dict[str, Any], lock: int, reading: Reading) -> None:
        self._first: dict[str, str] = order["import"]
        self._root: str = order["root"]
        self._state: str = order["state"]
        self._idle_s: float = order["idle_s"]
        self._lock = lock
        self._reading = reading
        self._own = inheritance()
        self._pid = os.getpid()
        self._path = socket_path(self._state)
        self._there = (_identity(self._root), _identity(self._state))
        self._listener: socket.socket | None = None
        self._inode = 0
        self._tried: set[str] = set()
        self._files: dict[str, str] = {}
        self._problem = ""
        """Why nothing is forked, as long as no imported file changes."""
        self._supervisors: list[int] = []

    def serve(self) -> str:
        """Take orders. Returns only in a session."""
        self._learn(self._first)
        used_at = time.monotonic()
        while True:
            reap(self._supervisors)
            used_at = time.monotonic() if self._supervisors else used_at
            if time.monotonic() - used_at > self._idle_s or not self._is_there():
                self._end()
            assert self._listener is not None
            ready, _, _ = select.select([self._listener], [], [], min(LOOK_S, self._idle_s))
            if not ready:
                continue
            connection, _ = self._listener.accept()
            with connection:
                session = self._attend(connection)
            if session:
                return session
            used_at = time.monotonic()

    def _is_there(self) -> bool:
        """Whether the work tree, its state folder and the socket are still those that they were."""
        is_same = (_identity(self._root), _identity(self._state)) == self._there
        return is_same and _identity(self._path)[1] == self._inode

    # An order.

    def _attend(self, connection: socket.socket) -> str:
        connection.settimeout(PATIENCE_S)
        orders = Orders(connection)
        try:
            found = orders.next()
        except (OSError, ValueError):
            return ""
        if found is None or user_of(connection) != os.getuid():
            return ""
        order, descriptors = found
        if "import" in order:
            orders.answer({"why": ""})
            connection.close()
            self._learn(order["import"])
            return ""
        session = self._begin(order, orders, descriptors)
        for each in descriptors if not session else ():
            os.close(each)
        return session

    def _begin(self, order: dict[str, Any], orders: Orders, descriptors: list[int]) -> str:
        why = self._staleness(order)
        if why:
            self._put_away()
            orders.answer({"why": f"the warm process is out of date: {why}"})
            self._end()
        if self._problem:
            orders.answer({"why": self._problem})
            return ""
        pid = os.fork()
        if pid == 0:
            return self._become_run(order, orders, descriptors[0])
        self._supervisors.append(pid)
        return ""

    def _staleness(self, order: dict[str, Any]) -> str:
        why = obstacle(order["caller"], self._own, self._reading.names)
        if why:
            return why
        file = changed(self._files)
        if file:
            return f"{file} has changed"
        return "" if self._is_there() else "its work tree was replaced"

    def _become_run(self, order: dict[str, Any], orders: Orders, sink: int) -> str:
        """In the fork: be the run's supervisor, or its session, once the caller says so."""
        try:
            assert self._listener is not None
            self._listener.close()
            os.close(self._lock)
            heed_signals()
            os.setsid()
            try:
                take_on(order["caller"])
                mark_anew()
            except (OSError, ValueError) as error:
                os.kill(self._pid, signal.SIGTERM)  # of no use for this caller, so not for others
                orders.answer({"why": f"the warm process cannot be as its caller is: {error}"})
                os._exit(1)
            orders.answer({"why": ""})
            if orders.read(len(GO)) != GO:
                os._exit(1)
            orders.close()
            told = os.memfd_create("handrail-told")
        except BaseException:  # noqa: BLE001 - whoever asked begins a run of his own
            os._exit(1)
        known = {"root": self._root, "state": self._state, "told": told}
        return supervise({**order, **known}, sink, told)

    # What it knows.

    def _learn(self, names: dict[str, str]) -> None:
        """Import what is named and was not tried yet. Nobody is made to wait meanwhile."""
        wanted = [[name, file] for name, file in names.items() if name not in self._tried]
        if not wanted and self._listener is not None:
            return
        self._put_away()
        self._tried |= names.keys()
        before = stamps(file for _, file in wanted if file)
        with self._reading:
            found = learn(wanted, self._root)
        # What was found first counts: a file may have changed while it was imported, or since.
        self._files = {**found["files"], **before, **self._files}
        self._problem = self._problem or found["problem"]
        signal.signal(signal.SIGTERM, self._terminate)
        try:
            self._listener = listen(self._path)
        except OSError:
            self._end()
        self._inode = _identity(self._path)[1]

    # The end.

    def _put_away(self) -> None:
        """Take the socket away: whoever comes now finds no warm process."""
        if self._listener is not None:
            if _identity(self._path)[1] == self._inode:
                with suppress(OSError):
                    os.unlink(self._path)
            self._listener.close()
            self._listener = None

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        if os.getpid() == self._pid:
            self._end()
        os._exit(1)

    def _end(self) -> NoReturn:
        """End; the runs that go on are not of its concern."""
        self._put_away()
        os._exit(0)


def _identity(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
