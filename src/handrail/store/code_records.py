"""What each test used when it last passed, in one SQLite file. It is a cache: a damaged one is begun anew."""

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.core.affected import Imports
from handrail.core.changed import Print, Record, Snapshot
from handrail.errors import StateError
from handrail.frozen import dataclass

if TYPE_CHECKING:
    import sqlite3

_LAYOUT = 1
_TABLES = """
CREATE TABLE project (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sources (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, blocks TEXT NOT NULL, imports TEXT NOT NULL);
CREATE TABLE prints (id INTEGER PRIMARY KEY, path TEXT NOT NULL, names TEXT NOT NULL, UNIQUE (path, names));
CREATE TABLE tests (node TEXT PRIMARY KEY, prints TEXT NOT NULL, more TEXT NOT NULL);
CREATE TABLE checks (at REAL NOT NULL, selected INTEGER NOT NULL, rest INTEGER NOT NULL, missed TEXT NOT NULL);
PRAGMA user_version = 1;
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read once."""

    stamp: str
    """Time and size: as long as these stay, it need not be read again."""
    blocks: Mapping[str, str]
    imports: Imports


@dataclass(frozen=True, slots=True)
class CodeRecords:
    """The records in the file ``path``, which the first ``save`` creates. Raises: StateError."""

    path: Path

    def sources(self) -> dict[str, Source]:
        """Every file that was read, by its path; data files have no blocks but a fingerprint."""
        with self._open() as db:
            rows = db.execute("SELECT path, stamp, blocks, imports FROM sources").fetchall()
        found = {}
        for path, stamp, blocks, imports in rows:
            names, is_open = json.loads(imports)
            found[path] = Source(stamp, json.loads(blocks), Imports(frozenset(names), is_open))
        return found

    def settled(self) -> tuple[dict[str, str], str, frozenset[str]] | None:
        """The stamps of all files, the environment, and every test, as long as these stay as they are.

        None if a file was written while tests ran: then one must look closer.
        """
        with self._open() as db:
            found = db.execute("SELECT value FROM project WHERE key = 'settled'").fetchone()
            if not found or not found[0]:
                return None
            stamps = dict(db.execute("SELECT path, stamp FROM sources").fetchall())
            tests = frozenset(each for (each,) in db.execute("SELECT node FROM tests"))
        return stamps, found[0], tests

    def records(self) -> list[Record]:
        """What each test is known by."""
        with self._open() as db:
            prints: dict[int, Print] = {
                number: (path, tuple((name, each) for name, each in json.loads(names)))
                for number, path, names in db.execute("SELECT id, path, names FROM prints")
            }
            tests = db.execute("SELECT node, prints, more FROM tests").fetchall()
        found = []
        for node, ids, more in tests:
            files, folders, starts_process = json.loads(more)
            found.append(
                Record(
                    test=node,
                    prints=tuple(prints[each] for each in json.loads(ids)),
                    files=files,
                    folders=folders,
                    starts_process=starts_process,
                )
            )
        return found

    def before(self) -> Snapshot | None:
        """The project when records were last written; None if there are none."""
        with self._open() as db:
            found = db.execute("SELECT value FROM project WHERE key = 'before'").fetchone()
        if found is None:
            return None
        blocks, others, environment = json.loads(found[0])
        return Snapshot(blocks=blocks, others=others, environment=environment)

    def save(
        self,
        records: Iterable[Record],
        forgotten: Iterable[str],
        project: Snapshot,
        sources: Mapping[str, Source],
        *,
        is_settled: bool = False,
    ) -> None:
        """Keep these records in place of older ones, drop those of ``forgotten``.

        ``is_settled``: no file was written meanwhile.
        """
        with self._open(is_writing=True) as db:
            for record in records:
                db.execute(
                    "INSERT OR REPLACE INTO tests VALUES (?, ?, ?)",
                    (
                        record.test,
                        json.dumps([_print_id(db, each) for each in record.prints]),
                        json.dumps(
                            [dict(record.files), dict(record.folders), record.starts_process]
                        ),
                    ),
                )
            db.executemany("DELETE FROM tests WHERE node = ?", [(each,) for each in forgotten])
            db.execute(
                "DELETE FROM prints WHERE id NOT IN "
                "(SELECT DISTINCT value FROM tests, json_each(tests.prints))"
            )
            db.execute("DELETE FROM sources")
            db.executemany(
                "INSERT INTO sources VALUES (?, ?, ?, ?)",
                [
                    (
                        path,
                        each.stamp,
                        json.dumps(dict(each.blocks)),
                        json.dumps([sorted(each.imports.names), each.imports.is_open]),
                    )
                    for path, each in sources.items()
                ],
            )
            before = [
                {path: dict(each) for path, each in project.blocks.items()},
                dict(project.others),
                project.environment,
            ]
            settled = project.environment if is_settled else ""
            db.executemany(
                "INSERT OR REPLACE INTO project VALUES (?, ?)",
                [("before", json.dumps(before)), ("settled", settled)],
            )

    def forget(self, tests: Iterable[str]) -> None:
        """They run next time."""
        with self._open(is_writing=True) as db:
            db.executemany("DELETE FROM tests WHERE node = ?", [(each,) for each in tests])

    def check(self, at: float, *, selected: int, rest: int, missed: Sequence[str]) -> None:
        """Keep what a run ``--verify`` found out."""
        with self._open(is_writing=True) as db:
            row = (at, selected, rest, json.dumps(list(missed)))
            db.execute("INSERT INTO checks VALUES (?, ?, ?, ?)", row)

    def checks(self) -> list[tuple[float, int, int, list[str]]]:
        """Every run ``--verify``, oldest first: when, selected, the rest, missed."""
        with self._open() as db:
            found = db.execute(
                "SELECT at, selected, rest, missed FROM checks ORDER BY at"
            ).fetchall()
        return [(at, selected, rest, json.loads(missed)) for at, selected, rest, missed in found]

    @contextmanager
    def _open(self, *, is_writing: bool = False) -> "Generator[sqlite3.Connection]":
        import sqlite3

        where: Any = self.path if is_writing or self.path.exists() else ":memory:"
        try:
            with closing(_connected(where)) as db, db:
                yield db
        except sqlite3.DatabaseError as error:
            if not isinstance(error, sqlite3.OperationalError):
                with suppress(OSError):
                    self.path.unlink()
            raise StateError(
                "what tests use cannot be read or kept",
                where=f"{self.path}: {error}",
                hint="nothing to do: every test runs, and it is recorded anew",
            ) from error


def _connected(where: Any) -> "sqlite3.Connection":  # noqa: ANN401 - a path or a name
    import sqlite3

    db = sqlite3.connect(where, timeout=5.0)
    reached = db.execute("PRAGMA user_version").fetchone()[0]
    if reached != _LAYOUT:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            db.execute(f"DROP TABLE {name}")
        db.executescript(_TABLES)
    return db


def _print_id(db: "sqlite3.Connection", each: Print) -> int:
    key = (each[0], json.dumps(each[1]))
    found = db.execute("SELECT id FROM prints WHERE path = ? AND names = ?", key).fetchone()
    if found is not None:
        return int(found[0])
    made = db.execute("INSERT INTO prints (path, names) VALUES (?, ?)", key).lastrowid
    assert made is not None
    return made
