"""Databases of one Postgres server: cloned from its template, ahead of need; emptied; dropped."""

from collections.abc import Callable, Iterator

from handrail.services.postgres_wire import Connection, quoted

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
_THROW_OUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - a constant
    f"WHERE datname = '{TEMPLATE}' AND pid <> pg_backend_pid()"
)


class Databases:
    """Makes databases for modules and tests. Statements that nobody waits for are only begun.

    ``connect``: opens a session to a database by name. ``names``: for new ones, never the same.
    """

    def __init__(self, connect: Callable[[str], Connection], names: Iterator[str]) -> None:
        self._connect = connect
        self._admin = connect("postgres")
        self._names = names
        self._next: str | None = None
        self._made: set[str] = set()

    def take(self) -> str:
        """A fresh copy of the template. The one after it is begun, and is ready when it is needed."""
        self._admin.finish()
        name = self._next or self._begin_one()
        self._admin.finish()
        self._next = self._begin_one()
        return name

    def prepare(self) -> None:
        """Begin a copy, if none is under way."""
        self._next = self._next or self._begin_one()

    def give_back(self, name: str) -> None:
        """Nobody needs it any more; whoever is still connected is thrown out."""
        self._admin.begin(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        self._made.discard(name)

    def empty(self, name: str, kept: tuple[str, ...]) -> None:
        """Empty every table that has rows, but those ``kept``; sequences start again."""
        with self._connect(name) as connection:
            listed = "\n".join(kept).replace("'", "''")
            connection.execute(_EMPTY.replace("KEPT", f"'{listed}'"))

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
        self._admin.finish()
        self._admin.close()

    def forget(self) -> None:
        """The server is gone, or will be; so is everything in it."""
        self._admin.close()

    def _begin_one(self) -> str:
        name = next(self._names)
        self._admin.begin(
            f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(TEMPLATE)} STRATEGY file_copy"
        )
        self._made.add(name)
        return name


def make_template(admin: Connection) -> None:
    """An empty template, open to connections until it is sealed."""
    admin.execute(f"CREATE DATABASE {quoted(TEMPLATE)} STRATEGY file_copy")


def seal(admin: Connection, *, is_open: bool = False) -> None:
    """Let nobody connect to the template: a copy fails while anybody is connected."""
    admin.execute(f"ALTER DATABASE {quoted(TEMPLATE)} ALLOW_CONNECTIONS {str(is_open).lower()}")
    if not is_open:
        admin.execute(_THROW_OUT)
