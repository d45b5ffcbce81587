"""MariaDB for modules and tests: a data folder made once, with the template in it; own servers on it."""

import contextlib
import os
from pathlib import Path

from handrail.frozen import replace
from handrail.model.services import Start
from handrail.model.tiers import Service
from handrail.services.backends import Native, owner_for
from handrail.services.finding import Programs, identity
from handrail.services.fleet import Fleet, Server
from handrail.services.isolate.building import elsewhere
from handrail.services.mysql_wire import Connection, SqlError, quoted
from handrail.services.recipes.mariadb import (
    DATABASE,
    GRANTS,
    IDENTITY,
    MARIADB,
    USER,
    make_data_folder,
)
from handrail.services.snapshots import Snapshots, key
from handrail.services.templates import Template

_NOTES = "handrail"
"""A database that tells which tables had rows in the template."""
_TABLES = (
    "SELECT table_name FROM information_schema.tables "  # noqa: S608 - a constant
    f"WHERE table_schema = '{DATABASE}' AND table_type = 'BASE TABLE'"
)
_LOCK_WAIT_TIMEOUT = 1205
_IDLE_IN_TRANSACTION = (
    "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx "
    "JOIN information_schema.processlist ON id = trx_mysql_thread_id WHERE command = 'Sleep'"
)


class MariaData:
    """Gives each server of one pytest process the data that it starts on."""

    def __init__(
        self, fleet: Fleet, service: Service, native: Native, snapshots: Snapshots, root: Path
    ) -> None:
        self._fleet = fleet
        self._native = native
        self._snapshots = snapshots
        self._template = (
            None if service.template is None else Template(text=service.template, root=root)
        )
        fleet.prepare[service.name] = self._with_data

    def _with_data(self, service: Service, start: Start) -> Start:
        programs, _ = self._native.programs(service, MARIADB)
        assert programs is not None  # the back end has not refused
        workshop = self._fleet.supervision.workshop
        owner = owner_for(MARIADB)
        base_name = "mariadb-" + key(identity(programs), IDENTITY, repr(owner))
        template = self._template.identity() if self._template is not None else ""

        def build(folder: Path) -> None:
            base = self._snapshots.get(
                base_name, lambda made: _install(programs, made, owner), workshop
            )
            self._build(base, folder, start, service.env)

        path = self._snapshots.get(f"{base_name}-{key(template)}", build, workshop)
        return replace(start, copy_of=str(path))

    def _build(
        self, base: Path, folder: Path, start: Start, env: tuple[tuple[str, str], ...]
    ) -> None:
        """A data folder that has the template: made by a server that runs for this only."""
        order = replace(elsewhere(start, folder, base), stop_within_s=60.0)
        supervision = self._fleet.supervision
        running = supervision.start(order)
        url = MARIADB.url(running.address)
        try:
            with Connection(running.address, user=USER) as connection:
                connection.execute(GRANTS)
            with Connection(running.address, user=USER, database=DATABASE) as connection:
                if self._template is not None:
                    variables = {"DATABASE_URL": url} | {
                        name: value.replace("{url}", url) for name, value in dict(env).items()
                    }
                    self._template.fill(url, connection.execute, variables)
                _note_filled(connection)
        finally:
            supervision.stop(order.name)


def _install(programs: Programs, folder: Path, owner: tuple[int, int] | None) -> None:
    folder.mkdir(mode=0o700)
    if owner is not None:
        os.chown(folder, *owner)
    make_data_folder(programs, folder, owner)


def _tables(connection: Connection) -> list[str]:
    return [name or "" for (name,) in connection.execute(_TABLES)]


def _filled(connection: Connection) -> set[str]:
    """Tables that have rows."""
    tables = _tables(connection)
    if not tables:
        return set()
    looks = [
        f"SELECT {number}, EXISTS (SELECT 1 FROM {quoted(DATABASE)}.{quoted(table)})"  # noqa: S608 - quoted
        for number, table in enumerate(tables)
    ]
    found = connection.execute(" UNION ALL ".join(looks))
    return {tables[int(number or 0)] for number, is_filled in found if is_filled == "1"}


def _note_filled(connection: Connection) -> None:
    """Write down which tables belong to the template."""
    connection.execute(
        f"CREATE DATABASE {_NOTES}; CREATE TABLE {_NOTES}.filled (name VARCHAR(64) PRIMARY KEY)"
    )
    for table in sorted(_filled(connection)):
        text = table.replace("\\", "\\\\").replace("'", "''")
        connection.execute(f"INSERT INTO {_NOTES}.filled VALUES ('{text}')")  # noqa: S608 - escaped


def empty(server: Server) -> None:
    """Empty every table that has rows, but for those of the template. A server that was there already
    is left alone: nobody knows what belongs there.
    """
    if server.backend == "url":
        return
    with Connection(server.address, user=USER, database=DATABASE) as connection:
        try:
            kept = {name for (name,) in connection.execute(f"SELECT name FROM {_NOTES}.filled")}  # noqa: S608 - a constant
        except SqlError:
            kept = set()
        dirty = sorted(_filled(connection) - kept)
        connection.execute("SET foreign_key_checks = 0; SET lock_wait_timeout = 1")
        for table in dirty:
            _wipe(connection, table)


def _wipe(connection: Connection, table: str) -> None:
    """Empty it. What an app is still doing may finish; who has left a transaction open is thrown out."""
    while True:
        try:
            connection.execute(f"TRUNCATE {quoted(DATABASE)}.{quoted(table)}")
        except SqlError as error:
            if error.code != _LOCK_WAIT_TIMEOUT:
                raise
            for (session,) in connection.execute(_IDLE_IN_TRANSACTION):
                with contextlib.suppress(SqlError):  # it has just ended
                    connection.execute(f"KILL {session}")
        else:
            return
