"""A name in a Postgres that others use too: whoever holds its lock answers for its databases."""

import contextlib
import os
from collections.abc import Iterator

from handrail.services.postgres_wire import PostgresError, Session, quoted

_LOCKS = 0x48414E44
"""The class of our advisory locks: ``HAND``."""
_EVERYBODYS = 0
"""The lock of whoever works in the one database that is nobody's own."""
_OURS = "SELECT datname FROM pg_database WHERE datname ~ '^handrail_[0-9a-f]{7}_'"


class Lease:
    """A prefix for names of databases that no other process has, for as long as ``admin`` lasts.

    Locks are the server's, so they hold between machines, and end with the session that took them.
    """

    def __init__(self, admin: Session) -> None:
        self._admin = admin
        number = int.from_bytes(os.urandom(4), "big") >> 5 | 1 << 26
        admin.execute(f"SELECT pg_advisory_lock({_LOCKS}, {number})")
        self.prefix = f"handrail_{number:07x}"
        """``handrail_`` and seven digits."""

    def sweep(self) -> int:
        """Drop the databases of those who are gone; return how many."""
        swept = 0
        for (name,) in self._admin.execute(_OURS):
            assert name is not None
            number = int(name.split("_")[1], 16)
            if name.startswith(f"{self.prefix}_") or not self._takes(number):
                continue
            with contextlib.suppress(PostgresError):  # somebody else's, or gone meanwhile
                self._admin.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
                swept += 1
            self._admin.execute(f"SELECT pg_advisory_unlock({_LOCKS}, {number})")
        return swept

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else works in the database that is nobody's own."""
        self._admin.execute(f"SELECT pg_advisory_lock({_LOCKS}, {_EVERYBODYS})")
        try:
            yield
        finally:
            self._admin.execute(f"SELECT pg_advisory_unlock({_LOCKS}, {_EVERYBODYS})")

    def _takes(self, number: int) -> bool:
        ((taken,),) = self._admin.execute(f"SELECT pg_try_advisory_lock({_LOCKS}, {number})")
        return taken == "t"
