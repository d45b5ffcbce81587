"""The layout of the history file, one step per version. Steps are only ever added at the end.

Attempts are appended and not indexed, but for the bad ones: each row names the ``previous`` attempt at the same test,
and the test's row names the newest. So saving costs the same with a million rows as with none, and
the last few attempts of a test are a few look-ups by primary key. Inside a run, ids ascend in the
order in which the attempts ended.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from handrail.model.outcomes import Outcome

if TYPE_CHECKING:
    import sqlite3

Migration = tuple[str, ...]

OUTCOMES: tuple[Outcome, ...] = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.ERROR,
    Outcome.SKIPPED,
    Outcome.XFAILED,
    Outcome.XPASSED,
)
"""An outcome is stored as its place in this list: new ones go to the end, with a migration."""

MIGRATIONS: Sequence[Migration] = (
    (
        "CREATE TABLE commits (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE)",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY, run TEXT NOT NULL, started_at REAL NOT NULL,
            ended_at REAL NOT NULL, verdict TEXT NOT NULL, tiers TEXT NOT NULL,
            workers INTEGER NOT NULL, python TEXT NOT NULL, commit_id INTEGER NOT NULL,
            is_dirty INTEGER NOT NULL, is_partial INTEGER NOT NULL)""",
        "CREATE INDEX runs_alike ON runs (tiers, workers)",
        """CREATE TABLE tests (
            id INTEGER PRIMARY KEY, node TEXT NOT NULL UNIQUE, usual_s REAL NOT NULL,
            recent_s BLOB NOT NULL, is_failing INTEGER NOT NULL, newest_attempt INTEGER NOT NULL)""",
        "CREATE INDEX tests_failing ON tests (is_failing) WHERE is_failing",
        """CREATE TABLE attempts (
            id INTEGER PRIMARY KEY, previous INTEGER, test_id INTEGER NOT NULL,
            run_id INTEGER NOT NULL, attempt INTEGER NOT NULL, outcome INTEGER NOT NULL, duration_s REAL NOT NULL, setup_s REAL NOT NULL,
            call_s REAL NOT NULL, teardown_s REAL NOT NULL, started_at REAL NOT NULL,
            worker TEXT NOT NULL, growth_bytes INTEGER NOT NULL, commit_id INTEGER NOT NULL,
            is_dirty INTEGER NOT NULL)""",
    ),
    (
        "ALTER TABLE runs ADD COLUMN selection TEXT NOT NULL DEFAULT ''",
        # What those were narrowed to was not kept: none of them says what a run takes.
        "UPDATE runs SET is_partial = 1",
    ),
    (
        "ALTER TABLE runs ADD COLUMN changes TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN machine TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN seed TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE tests ADD COLUMN ran INTEGER NOT NULL DEFAULT 0",
        """UPDATE tests SET ran = counted.ran FROM (
            SELECT test_id, count(*) AS ran FROM attempts WHERE outcome != 3 GROUP BY test_id
            ) AS counted WHERE counted.test_id = tests.id""",
        # The only index on attempts: nearly none is bad, so that it costs nearly nothing.
        "CREATE INDEX attempts_bad ON attempts (test_id) WHERE outcome IN (1, 2)",
    ),
    (
        "ALTER TABLE runs ADD COLUMN services TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN is_apart INTEGER NOT NULL DEFAULT 0",
    ),
)


def version(db: "sqlite3.Connection") -> int:
    """How many migrations this file has been through; 0 for a new one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: "sqlite3.Connection", migrations: Sequence[Migration]) -> None:
    """Bring the layout up to date, inside the transaction that the caller has begun."""
    reached = version(db)
    for statements in migrations[reached:]:
        for statement in statements:
            db.execute(statement)
    if reached < len(migrations):
        db.execute(f"PRAGMA user_version = {len(migrations)}")
