"""Redis for modules and tests: an own server costs less than any way of sharing one."""

import contextlib
from collections.abc import Iterator

from handrail.model.services import Level
from handrail.services.fleet import Fleet, Server
from handrail.services.resp import command


class Redis:
    """The Redis servers of one pytest process; one is started ahead of need."""

    def __init__(self, fleet: Fleet, service: str, *, is_shared: bool) -> None:
        self._fleet = fleet
        self._service = service
        self._is_shared = is_shared
        """It runs somewhere already: there is only that one."""
        self._next: str | None = None

    def begin(self) -> None:
        """Have the first server started, without waiting."""
        if self._is_shared:
            self._fleet.begin(self._service)
        else:
            self._next = self._next or self._begin()

    @contextlib.contextmanager
    def own(self, level: Level) -> Iterator[Server]:
        """A server of one's own; or this process's, emptied afterwards."""
        if self._is_shared or level in {Level.TRUNCATE, Level.SAVEPOINT}:
            server = self._fleet.get(self._service)
            try:
                yield server
            finally:
                self.empty(server)
            return
        name = self._next or self._begin()
        server = self._fleet.get(self._service, name)
        self._next = self._begin()
        try:
            yield server
        finally:
            self._fleet.stop(name)

    def empty(self, server: Server) -> None:
        """Remove every key; scripts too, but no configuration."""
        command(server.address, "FLUSHALL")

    def _begin(self) -> str:
        name = self._fleet.another_name(self._service)
        self._fleet.begin(self._service, name)
        return name
