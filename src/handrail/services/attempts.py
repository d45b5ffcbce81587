"""One attempt to get a server's answer, without blocking."""

import contextlib
import errno
import select
import socket
import time

from handrail.core.readiness import Exchange
from handrail.model.services import Address

ATTEMPT_S = 1.0
"""After which an attempt that got no answer is given up."""


class Attempt:
    """A connection to a server, and what was said on it."""

    def __init__(self, address: Address, exchange: Exchange, ends_at: float) -> None:
        self._exchange = exchange
        self._ends_at = ends_at if exchange.waits else min(ends_at, time.monotonic() + ATTEMPT_S)
        self._socket = socket.socket(socket.AF_UNIX if address.path else socket.AF_INET)
        self._socket.setblocking(False)  # noqa: FBT003 - positional only
        where = address.path or (address.host, address.port)
        self._is_refused = self._socket.connect_ex(where) not in {0, errno.EINPROGRESS}
        self._is_connected = False
        self._unsent = exchange.said
        self._got = b""

    @property
    def descriptor(self) -> int:
        """To wait for."""
        return self._socket.fileno()

    @property
    def events(self) -> int:
        """What to wait for on it, as ``select.poll`` calls it."""
        if self._is_connected and not self._unsent:
            return select.POLLIN
        return select.POLLOUT

    @property
    def ends_at(self) -> float:
        """When it is given up."""
        return self._ends_at

    @property
    def answer(self) -> bytes:
        """What has come so far."""
        return self._got

    def advance(self) -> bool | None:
        """Go on as far as possible. True: the server is ready; False: not yet; None: wait."""
        if self._is_refused or time.monotonic() >= self._ends_at:
            return False
        try:
            return self._converse()
        except BlockingIOError:
            return None
        except OSError:
            return False

    def _converse(self) -> bool | None:
        if not self._is_connected:
            if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return False
            try:
                self._socket.getpeername()
            except OSError:
                return None
            self._is_connected = True
        while self._unsent:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        verdict = self._exchange.judge(self._got)
        while verdict is None:
            more = self._socket.recv(4096)
            if not more:
                return False
            self._got += more
            verdict = self._exchange.judge(self._got)
        return verdict

    def close(self) -> None:
        """Hang up, politely where the protocol asks for it."""
        with contextlib.suppress(OSError):
            if self._exchange.goodbye:
                self._socket.send(self._exchange.goodbye)
        self._socket.close()
