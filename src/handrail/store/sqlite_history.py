"""The history of a project in one SQLite file, in write-ahead mode."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.errors import StateError
from handrail.frozen import dataclass
from handrail.model.events import TestFinished
from handrail.ports.history import RunRow, Seen
from handrail.store import rows
from handrail.store.migrations import MIGRATIONS, Migration, migrate, version

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class SqliteHistory:
    """Results of earlier runs in the file ``path``, which the first ``save`` creates.

    Each call opens the file, does one short transaction and closes it: nothing is held while tests
    run, and no connection crosses a fork. Reading creates nothing and needs no permission to write.
    SQLite is imported by the first call.
    """

    path: Path
    busy_timeout_s: float = 5.0
    """How long to wait for another process that is writing."""
    later_migrations: Sequence[Migration] = ()
    """Layouts that do not exist yet: how tests stand in for a newer Handrail."""

    def durations(self) -> Mapping[str, float]:
        """Usual wall seconds of each test known, by node id."""
        with self._reading() as db:
            return rows.durations(db)

    def last_failed(self) -> frozenset[str]:
        """Node ids whose newest attempt was bad."""
        with self._reading() as db:
            return rows.last_failed(db)

    def seen(self, tests: Iterable[str], *, last: int = 10) -> Mapping[str, Seen]:
        """The newest ``last`` outcomes of each of these tests; a test never seen is absent."""
        with self._reading() as db:
            return rows.seen(db, tests, last)

    def failing(self, *, last: int = 100) -> Mapping[str, Seen]:
        """As ``seen``, of every test that has a bad attempt still kept."""
        with self._reading() as db:
            return rows.failing(db, last)

    def attempts(self) -> Mapping[str, int]:
        """How many attempts at each test ever ran; skips are not counted."""
        with self._reading() as db:
            return rows.attempts(db)

    def forget(self, before: float, *, most: int | None = None) -> int:
        """Drop the attempts of runs that ended before that time, the oldest first."""
        if not self.path.exists():
            return 0
        with self._writing() as db:
            return rows.forget(db, before, most)

    def usual_run_s(self, tiers: str, workers: int, selection: str = "") -> float | None:
        """Median wall seconds of the last five complete runs like this one."""
        with self._reading() as db:
            return rows.usual_run_s(db, tiers, workers, selection)

    def runs(self, *, last: int = 20) -> Sequence[RunRow]:
        """The newest runs, newest first."""
        with self._reading() as db:
            return rows.runs(db, last)

    def save(self, run: RunRow, attempts: Sequence[TestFinished]) -> str:
        """Keep one run and its attempts: all of it or nothing.

        A damaged file is moved aside, a new one begun, and the returned note says so.
        """
        from handrail.store.problems import DamagedHistoryError

        damaged = _inode(self.path)
        try:
            self._append(run, attempts)
        except DamagedHistoryError as problem:
            note = self._move_aside(damaged, problem)
            self._append(run, attempts)
            return note
        return ""

    def _append(self, run: RunRow, attempts: Sequence[TestFinished]) -> None:
        with self._writing() as db:
            rows.insert(db, run, attempts)

    def _move_aside(self, damaged: int, problem: StateError) -> str:
        from handrail.store.problems import ClosedHistoryError, aside

        if _inode(self.path) != damaged:
            return ""  # another process has just done it
        place = aside(self.path)
        try:
            self.path.rename(place)
            for ending in ("-wal", "-shm"):
                rest = self.path.with_name(self.path.name + ending)
                if rest.exists():
                    rest.rename(place.with_name(place.name + ending))
        except OSError as error:
            raise ClosedHistoryError(self.path, error.strerror or str(error)) from problem
        return f"the history was damaged: moved to {place}, and a new one begun"

    @contextmanager
    def _writing(self) -> "Generator[sqlite3.Connection]":
        """A transaction on an up-to-date layout: committed at the end, rolled back by any error."""
        import sqlite3

        from handrail.store.problems import ClosedHistoryError, explained

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ClosedHistoryError(self.path, error.strerror or str(error)) from error
        try:
            with closing(self._connect("mode=rwc")) as db:
                self._refuse_newer(db)
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
                db.execute("BEGIN IMMEDIATE")
                self._refuse_newer(db)
                migrate(db, self._migrations())
                yield db
                db.execute("COMMIT")
        except sqlite3.Error as error:
            raise explained(error, self.path, self.busy_timeout_s) from error

    @contextmanager
    def _reading(self) -> "Generator[sqlite3.Connection]":
        """The file, as far as there is one: else an empty history."""
        import sqlite3

        from handrail.store.problems import explained

        try:
            with closing(self._open_to_read()) as db:
                reached = version(db)
                self._refuse_newer(db)
                if reached == len(self._migrations()):
                    yield db
                    return
            if reached:
                with self._writing() as db:  # an older layout is brought up to date first
                    yield db
            else:
                with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
                    migrate(db, self._migrations())
                    yield db
        except sqlite3.Error as error:
            raise explained(error, self.path, self.busy_timeout_s) from error

    def _open_to_read(self) -> "sqlite3.Connection":
        import sqlite3

        if not self.path.exists():
            return sqlite3.connect(":memory:", isolation_level=None)
        db = self._connect("mode=rw")
        try:
            version(db)
        except sqlite3.OperationalError as error:
            db.close()
            if not self._can_be_read_as_it_is(error):
                raise
            return self._connect("immutable=1")
        return db

    def _can_be_read_as_it_is(self, error: "sqlite3.Error") -> bool:
        """Whether only the files beside the database are missing that reading would create.

        So in a read-only folder or on a full disk. Not if a write-ahead log is there: the database
        alone may then be out of date.
        """
        import sqlite3

        missing = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)
        log = self.path.with_name(self.path.name + "-wal")
        return error.sqlite_errorcode & 0xFF in (*missing, sqlite3.SQLITE_FULL) and not (
            log.exists() and log.stat().st_size
        )

    def _connect(self, how: str) -> "sqlite3.Connection":
        import sqlite3

        db = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{how}",
            uri=True,
            timeout=self.busy_timeout_s,
            isolation_level=None,
        )
        db.text_factory = rows.text
        return db

    def _migrations(self) -> Sequence[Migration]:
        return (*MIGRATIONS, *self.later_migrations)

    def _refuse_newer(self, db: "sqlite3.Connection") -> None:
        from handrail.store.problems import NewerHistoryError

        known = len(self._migrations())
        if (reached := version(db)) > known:
            raise NewerHistoryError(self.path, reached, known)


def _inode(path: Path) -> int:
    """Which file this is, to notice that another process has put a new one in its place."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
