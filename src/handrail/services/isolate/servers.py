"""Servers for modules and tests, where an own server costs less than any way of sharing one.

Not so in containers: modules share this process's one, which is emptied between them.
"""

import contextlib
from collections.abc import Callable, Iterator

from handrail.model.services import Level
from handrail.services.fleet import Fleet, Server

Reset = Callable[[Server], None]
"""Removes what tests have put into a server."""


class Servers:
    """The servers of one kind of one pytest process; one is started ahead of need.

    ``reset``: None where nothing less than a new server will do.
    """

    def __init__(
        self, fleet: Fleet, service: str, *, reset: Reset | None, is_shared: bool = False
    ) -> None:
        self._fleet = fleet
        self._service = service
        self._reset = reset
        self._is_shared = is_shared
        """It runs somewhere already: there is only that one."""
        self._next: str | None = None

    def begin(self, level: Level) -> None:
        """Have the server started that ``own`` will give, without waiting."""
        if self._is_common(level):
            self._fleet.begin(self._service)
        elif self._next is None:
            self._next = self._begin()

    def server(self) -> Server:
        """The one that this process has for itself."""
        return self._fleet.get(self._service)

    @contextlib.contextmanager
    def own(self, level: Level) -> Iterator[Server]:
        """A server of one's own; or this process's, emptied afterwards if it can be."""
        if self._is_common(level):
            server = self.server()
            try:
                yield server
            finally:
                self.empty(self.now(server))
            return
        name = self._next or self._begin()
        self._next = None
        server = self._fleet.get(self._service, name)
        if not self._is_common(Level.CLONE):
            self._next = self._begin()
        try:
            yield server
        finally:
            self._fleet.stop(name)

    def now(self, server: Server) -> Server:
        """The same server, where it is now: one that was started again may have moved."""
        return self._fleet.get(self._service, server.name)

    def empty(self, server: Server) -> None:
        """Remove what tests have put into it; nothing happens where that is not possible."""
        if self._reset is not None:
            self._reset(server)

    def _is_common(self, level: Level) -> bool:
        """Whether it gets this process's server rather than one of its own."""
        if self._is_shared:
            return level is not Level.SERVER
        if self._reset is None:
            return False
        is_costly = self._fleet.backend(self._service) != "native"
        return level in {Level.TRUNCATE, Level.SAVEPOINT} or (is_costly and level is Level.CLONE)

    def _begin(self) -> str:
        name = self._fleet.another_name(self._service)
        self._fleet.begin(self._service, name)
        return name
