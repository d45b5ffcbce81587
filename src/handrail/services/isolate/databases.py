"""Databases of one Postgres server: cloned from its template, ahead of need; emptied; dropped."""

import contextlib
from collections.abc import Callable, Iterator

from handrail.errors import ExitCode, UserError
from handrail.services.postgres_wire import PostgresError, Session, quoted

TEMPLATE = "handrail_template"
_EMPTY = """
DO $$
DECLARE
    place record;
    is_dirty boolean;
    dirty text := '';
BEGIN
    FOR place IN
        SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND n.nspname NOT LIKE 'pg\\_t%'
          AND format('%I.%I', n.nspname, c.relname) <> ALL (string_to_array(KEPT, chr(10)))
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || place.name || ')' INTO is_dirty;
        IF is_dirty THEN
            dirty := dirty || ', ' || place.name;
        END IF;
    END LOOP;
    IF dirty <> '' THEN
        EXECUTE 'TRUNCATE ' || substr(dirty, 3) || ' RESTART IDENTITY CASCADE';
    END IF;
END $$
"""
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'
"""


_IS_COPYING_QUICKEST = (
    "SELECT current_setting('server_version_num')::int >= 150000"
    " AND current_setting('fsync') = 'off'"
)
"""Whether copying files is the quickest way to make a database: not if each is then synced."""
_NOT_ALLOWED, _IN_USE = "42501", "55006"
"""SQLSTATE: insufficient_privilege, object_in_use."""
_LOCK_NOT_AVAILABLE, _DEADLOCK = "55P03", "40P01"
"""SQLSTATE: lock_not_available, deadlock_detected."""
_THROW_OUT_IDLE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND state LIKE 'idle in transaction%' AND state_change < now() - interval '400ms'
"""
_THROW_OUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = NAME AND pid <> pg_backend_pid()"
)


class Databases:
    """Makes databases for modules and tests. Statements that nobody waits for are only begun.

    ``admin``: a session to a database that is no template. ``connect``: opens a session to a
    database by name. ``names``: for new ones, never the same.
    """

    def __init__(
        self,
        admin: Session,
        connect: Callable[[str], Session],
        names: Iterator[str],
        *,
        template: str = TEMPLATE,
    ) -> None:
        self._connect = connect
        self._admin = admin
        self.template = template
        """What is copied."""
        self._strategy = quickest(admin)
        self._names = names
        self._next: str | None = None
        self._made: set[str] = set()

    def take(self) -> str:
        """A fresh copy of the template. The one after it is begun, and is ready when it is needed.

        Raises: CloneError.
        """
        name, self._next = self._next or self._begin_one(), None
        try:
            self._admin.finish()
        except PostgresError as error:
            self._made.discard(name)
            raise CloneError(self.template, error) from error
        self._next = self._begin_one()
        return name

    def prepare(self) -> None:
        """Begin a copy, if none is under way."""
        self._next = self._next or self._begin_one()

    def copy_template(self, name: str) -> None:
        """From now on copy a copy of the template, of that name, which is nobody else's.

        Raises: CloneError.
        """
        self.make(name)
        self.template = name

    def make(self, name: str) -> None:
        """A copy of that name. Raises: CloneError."""
        self._begin(name)
        try:
            self._admin.finish()
        except PostgresError as error:
            self._made.discard(name)
            raise CloneError(self.template, error) from error

    def seal(self) -> None:
        """Let nobody connect to what is copied."""
        seal(self._admin, self.template)

    @property
    def made(self) -> tuple[str, ...]:
        """Copies that are somebody's, or will be."""
        return tuple(sorted(self._made))

    def settle(self) -> None:
        """Finish what is begun, and have everything written. Raises: PostgresError."""
        self._admin.finish()
        self._admin.execute("CHECKPOINT")

    def give_back(self, name: str) -> None:
        """Nobody needs it any more; whoever is still connected is thrown out."""
        self._admin.begin(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        self._made.discard(name)

    def empty(self, name: str, kept: tuple[str, ...]) -> None:
        """Empty every table that has rows, but those ``kept``; sequences start again.

        What an app is still doing may finish. Who has left a transaction open is thrown out.
        """
        listed = "\n".join(kept).replace("'", "''")
        with self._connect(name) as connection:
            connection.execute("SET lock_timeout = '500ms'")
            while True:
                try:
                    connection.execute(_EMPTY.replace("KEPT", f"'{listed}'"))
                except PostgresError as error:
                    if error.code == _LOCK_NOT_AVAILABLE:
                        connection.execute(_THROW_OUT_IDLE)
                    elif error.code != _DEADLOCK:
                        raise
                else:
                    return

    def filled(self, name: str) -> tuple[str, ...]:
        """Tables that have rows: in the template, those that belong there."""
        with self._connect(name) as connection:
            tables = [table or "" for (table,) in connection.execute(_TABLES)]
            return tuple(
                table for table in tables if connection.execute(f"SELECT FROM {table} LIMIT 1")
            )

    def close(self) -> None:
        """Drop what was made, where the server outlives this process."""
        for name in sorted(self._made):
            self.give_back(name)
        with contextlib.suppress(PostgresError):  # one that was never made
            self._admin.finish()
        self._admin.close()

    def forget(self) -> None:
        """The server is gone, or will be; so is everything in it."""
        self._admin.close()

    def _begin_one(self) -> str:
        name = next(self._names)
        self._begin(name)
        return name

    def _begin(self, name: str) -> None:
        self._admin.begin(
            f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(self.template)}{self._strategy}"
        )
        self._made.add(name)


class CloneError(UserError):
    """The template cannot be copied."""

    reference = "no-clone"
    exit_code = ExitCode.INFRA_ERROR

    def __init__(self, template: str, error: PostgresError) -> None:
        hints = {
            _NOT_ALLOWED: "let that user (ALTER ROLE ... CREATEDB), or set "
            'tool.handrail.services.postgres.isolation = "truncate"',
            _IN_USE: "end those sessions, or name a database that nobody uses",
        }
        super().__init__(
            f"postgres cannot copy the database {template}",
            where="\n".join(filter(None, (str(error), error.detail))),
            hint=hints.get(error.code, "try it by hand: CREATE DATABASE copy TEMPLATE it"),
        )


def quickest(admin: Session) -> str:
    """How this server copies a database in the least time, as the end of CREATE DATABASE."""
    ((is_by_files,),) = admin.execute(_IS_COPYING_QUICKEST)
    return " STRATEGY file_copy" if is_by_files == "t" else ""


def make_template(admin: Session) -> None:
    """An empty template, open to connections until it is sealed."""
    admin.execute(f"CREATE DATABASE {quoted(TEMPLATE)}{quickest(admin)}")


def seal(admin: Session, template: str = TEMPLATE, *, is_open: bool = False) -> None:
    """Let nobody connect to the template: a copy fails while anybody is connected."""
    admin.execute(f"ALTER DATABASE {quoted(template)} ALLOW_CONNECTIONS {str(is_open).lower()}")
    if not is_open:
        admin.execute(_THROW_OUT.replace("NAME", f"'{template}'"))
