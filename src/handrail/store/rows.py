"""Questions and answers of the history in SQL, on a connection that somebody else opened."""

import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.ports.history import RunRow, Seen, code_of
from handrail.store.migrations import OUTCOMES
from handrail.store.summaries import KEPT, middle, recent_after

if TYPE_CHECKING:
    import sqlite3

_AT_ONCE = 2000
"""Attempts that are saved in one go: the memory of all of them would be that of the whole run."""
_WORDS = tuple(outcome.value for outcome in OUTCOMES)
_NUMBER = {outcome: number for number, outcome in enumerate(OUTCOMES)}

_SEEN = """
    WITH RECURSIVE chain (test_id, next_id, outcome, run_id, depth) AS (
        SELECT tests.id, previous, outcome, run_id, 1
        FROM wanted JOIN tests ON tests.node = wanted.node
            JOIN attempts ON attempts.id = newest_attempt
        UNION ALL
        SELECT chain.test_id, previous, attempts.outcome, attempts.run_id, depth + 1
        FROM chain JOIN attempts ON attempts.id = next_id WHERE depth < ?1)
    SELECT test_id, outcome, run_id FROM chain
"""
"""Breadth first, as SQLite promises without an order: the newest attempt of every test comes first."""
_WANTED = "SELECT id, tests.node FROM wanted JOIN tests ON tests.node = wanted.node"
_CODES = """
    SELECT runs.id, run, hash, is_dirty, python, changes, services
    FROM runs JOIN commits ON commits.id = commit_id
"""
_BAD = "SELECT DISTINCT test_id FROM attempts WHERE outcome IN (1, 2)"
_BAD_NODES = f"SELECT node FROM tests WHERE id IN ({_BAD})"  # noqa: S608 - no text of others
_ALIKE = """
    SELECT ended_at - started_at FROM runs
    WHERE tiers = ? AND workers = ? AND selection = CAST(? AS TEXT) AND NOT is_partial
        AND verdict IN ('passed', 'failed')
    ORDER BY id DESC LIMIT ?
"""
_RUNS = """
    SELECT run, started_at, ended_at, verdict, tiers, workers, python, hash, is_dirty, is_partial,
        selection, changes, machine, seed, services, is_apart
    FROM runs JOIN commits ON commits.id = commit_id ORDER BY runs.id DESC LIMIT ?
"""
_KNOWN = """
    SELECT tests.node, id, recent_s, newest_attempt
    FROM wanted JOIN tests ON tests.node = wanted.node
"""
_INSERT_RUN = """
    INSERT INTO runs (run, started_at, ended_at, verdict, tiers, workers, python, commit_id,
        is_dirty, is_partial, selection, changes, machine, seed, services, is_apart)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?)
"""
_INSERT_ATTEMPT = """
    INSERT INTO attempts (id, previous, test_id, run_id, attempt, outcome, duration_s,
        setup_s, call_s, teardown_s, started_at, worker, growth_bytes, commit_id, is_dirty)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_TEST = """
    INSERT INTO tests (usual_s, recent_s, is_failing, newest_attempt, ran, id, node)
    VALUES (?, ?, ?, ?, ?, ?, CAST(? AS TEXT))
"""
_UPDATE_TEST = """
    UPDATE tests SET usual_s = ?, recent_s = ?, is_failing = ?, newest_attempt = ?, ran = ran + ?
    WHERE id = ?
"""

_UPDATE_TEST_APART = "UPDATE tests SET newest_attempt = ?, ran = ran + ? WHERE id = ?"
_NO_SUMMARY = (-1.0, b"", False)
"""Of a test that only runs apart have come to: how long it takes is not known."""


def text(stored: bytes) -> str:
    """Node ids may hold lone surrogates (from undecodable file names), which SQLite refuses."""
    return stored.decode("utf-8", "surrogatepass")


def durations(db: "sqlite3.Connection") -> Mapping[str, float]:
    """Usual wall seconds of each test known, by node id."""
    return dict(db.execute("SELECT node, usual_s FROM tests WHERE usual_s >= 0"))


def last_failed(db: "sqlite3.Connection") -> frozenset[str]:
    """Node ids whose newest attempt was bad."""
    return frozenset(node for (node,) in db.execute("SELECT node FROM tests WHERE is_failing"))


def seen(db: "sqlite3.Connection", tests: Iterable[str], last: int) -> Mapping[str, Seen]:
    """The newest ``last`` attempts at each of these tests that was ever seen."""
    _want(db, tests)
    newest: dict[int, list[tuple[int, int]]] = {}
    for test, outcome, run in db.execute(_SEEN, (last,)):
        if (found := newest.get(test)) is None:
            found = newest[test] = []
        found.append((outcome, run))
    if not newest:
        return {}
    runs = {
        run_id: (
            commit,
            bool(is_dirty),
            code_of(run, commit, python, is_dirty=bool(is_dirty), changes=changes),
            services,
        )
        for run_id, run, commit, is_dirty, python, changes, services in db.execute(_CODES)
    }
    names = dict(db.execute(_WANTED))
    return {names[test]: _seen(found, runs) for test, found in newest.items()}


def failing(db: "sqlite3.Connection", last: int) -> Mapping[str, Seen]:
    """As ``seen``, of every test that has a bad attempt."""
    return seen(db, [node for (node,) in db.execute(_BAD_NODES)], last)


def attempts(db: "sqlite3.Connection") -> Mapping[str, int]:
    """How many attempts at each test ever ran."""
    return dict(db.execute("SELECT node, ran FROM tests"))


def forget(db: "sqlite3.Connection", before: float, most: int | None) -> int:
    """Drop the attempts of old runs; ids ascend in the order in which runs were saved."""
    newest = _newest_id(db, "SELECT max(id) FROM runs")
    first_kept = "SELECT min(id) FROM runs WHERE ended_at >= ? OR id = ?"
    kept_run = int(db.execute(first_kept, (before, newest)).fetchone()[0] or 0)
    end = _first_attempt_of(db, kept_run)
    first = _newest_id(db, "SELECT min(id) FROM attempts")
    if most is not None:
        end = min(end, first + most)
    return db.execute("DELETE FROM attempts WHERE id < ?", (end,)).rowcount


def _first_attempt_of(db: "sqlite3.Connection", run_id: int) -> int:
    """The first attempt of this run or a later one, found by halving: there is no index to ask."""
    low = _newest_id(db, "SELECT min(id) FROM attempts")
    high = _newest_id(db, "SELECT max(id) + 1 FROM attempts")
    while low < high:
        half = (low + high) // 2
        at, run = db.execute(
            "SELECT id, run_id FROM attempts WHERE id >= ? ORDER BY id LIMIT 1", (half,)
        ).fetchone()
        if run < run_id:
            low = at + 1
        else:
            high = half
    return low


def usual_run_s(db: "sqlite3.Connection", tiers: str, workers: int, selection: str) -> float | None:
    """Median wall seconds of the last complete runs like this one; None if there was none."""
    narrowed = selection.encode("utf-8", "surrogatepass")
    alike = db.execute(_ALIKE, (tiers, workers, narrowed, KEPT)).fetchall()
    return middle([seconds for (seconds,) in alike]) if alike else None


def runs(db: "sqlite3.Connection", last: int) -> Sequence[RunRow]:
    """The newest runs, newest first."""
    return [
        RunRow(
            run_id=run_id,
            started_at=started_at,
            ended_at=ended_at,
            verdict=verdict,
            tiers=tiers,
            workers=workers,
            python=python,
            commit=commit,
            is_dirty=bool(is_dirty),
            is_partial=bool(is_partial),
            selection=selection,
            changes=changes,
            machine=machine,
            seed=seed,
            services=services,
            is_apart=bool(is_apart),
        )
        for (
            run_id,
            started_at,
            ended_at,
            verdict,
            tiers,
            workers,
            python,
            commit,
            is_dirty,
            is_partial,
            selection,
            changes,
            machine,
            seed,
            services,
            is_apart,
        ) in db.execute(_RUNS, (last,))
    ]


def insert(db: "sqlite3.Connection", run: RunRow, attempts: Sequence[TestFinished]) -> None:
    """Append the run and its attempts, and bring what is kept about each test up to date."""
    commit_id = _commit_id(db, run.commit)
    run_id = _insert_run(db, run, commit_id)
    for first in range(0, len(attempts), _AT_ONCE):
        _insert_attempts(db, attempts[first : first + _AT_ONCE], (run_id, commit_id), run)


def _insert_attempts(
    db: "sqlite3.Connection",
    attempts: Sequence[TestFinished],
    ids: tuple[int, int],
    run: RunRow,
) -> None:
    run_id, commit_id = ids
    # Where every attempt was forgotten, tests still name those: numbers are never given again.
    next_attempt = 1 + (
        _newest_id(db, "SELECT max(id) FROM attempts")
        or _newest_id(db, "SELECT max(newest_attempt) FROM tests")
    )
    newest_test = last_test = _newest_id(db, "SELECT max(id) FROM tests")
    tests, recent_s, previous = _known(db, attempts)

    appended = []
    last = {}
    ran: Counter[str] = Counter()
    for row_id, each in enumerate(attempts, next_attempt):
        node = each.test
        if node not in tests:
            last_test += 1
            tests[node] = last_test
        appended.append(
            (
                row_id,
                previous.get(node),
                tests[node],
                run_id,
                each.attempt,
                _NUMBER[each.outcome],
                each.duration_s,
                *each.phases,
                each.started_at,
                each.worker,
                each.growth_bytes,
                commit_id,
                run.is_dirty,
            )
        )
        previous[node] = row_id
        recent_s[node] = recent_after(recent_s.get(node, ()), each.outcome, each.duration_s)
        last[node] = each
        ran[node] += each.outcome is not Outcome.SKIPPED

    db.executemany(_INSERT_ATTEMPT, appended)
    changed, new = [], []
    for node, each in last.items():
        summary = _NO_SUMMARY if run.is_apart else _summary(each, recent_s[node])
        row = (*summary, previous[node], ran[node], tests[node])
        if tests[node] <= newest_test:
            changed.append(row[len(summary) :] if run.is_apart else row)
        else:
            new.append((*row, node.encode("utf-8", "surrogatepass")))
    db.executemany(_UPDATE_TEST_APART if run.is_apart else _UPDATE_TEST, changed)
    db.executemany(_INSERT_TEST, new)


def _summary(last: TestFinished, recent_s: tuple[float, ...]) -> tuple[float, bytes, bool]:
    """What is kept about a test after this attempt: usual seconds, those they come from, failing."""
    return (
        middle(recent_s) if recent_s else last.duration_s,
        struct.pack(f"<{len(recent_s)}d", *recent_s),
        last.outcome.is_bad,
    )


def _commit_id(db: "sqlite3.Connection", commit: str) -> int:
    db.execute("INSERT OR IGNORE INTO commits (hash) VALUES (?)", (commit,))
    return int(db.execute("SELECT id FROM commits WHERE hash = ?", (commit,)).fetchone()[0])


def _insert_run(db: "sqlite3.Connection", run: RunRow, commit_id: int) -> int:
    row = (
        run.run_id,
        run.started_at,
        run.ended_at,
        run.verdict,
        run.tiers,
        run.workers,
        run.python,
        commit_id,
        run.is_dirty,
        run.is_partial,
        run.selection.encode("utf-8", "surrogatepass"),
        run.changes,
        run.machine,
        run.seed,
        run.services,
        run.is_apart,
    )
    return int(db.execute(_INSERT_RUN, row).lastrowid or 0)


def _known(
    db: "sqlite3.Connection", attempts: Sequence[TestFinished]
) -> tuple[dict[str, int], dict[str, tuple[float, ...]], dict[str, int | None]]:
    """Of tests seen before, by node id: their row, their last seconds, their newest attempt."""
    numbers: dict[str, int] = {}
    recent_s: dict[str, tuple[float, ...]] = {}
    previous: dict[str, int | None] = {}
    _want(db, (each.test for each in attempts))
    for node, number, packed, newest in db.execute(_KNOWN):
        numbers[node] = number
        recent_s[node] = struct.unpack(f"<{len(packed) // 8}d", packed)
        previous[node] = newest
    return numbers, recent_s, previous


def _want(db: "sqlite3.Connection", tests: Iterable[str]) -> None:
    """Fill the temporary table that questions about certain tests join with."""
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (node TEXT NOT NULL)")
    db.execute("DELETE FROM wanted")
    db.executemany(
        "INSERT INTO wanted VALUES (CAST(? AS TEXT))",
        [(node.encode("utf-8", "surrogatepass"),) for node in dict.fromkeys(tests)],
    )


def _newest_id(db: "sqlite3.Connection", newest: str) -> int:
    return int(db.execute(newest).fetchone()[0] or 0)


def _seen(
    newest: Sequence[tuple[int, int]], runs: Mapping[int, tuple[str, bool, str, str]]
) -> Seen:
    """``newest``: outcome and run of each attempt."""
    commits, dirty, codes, services = zip(*(runs[run] for _, run in newest), strict=True)
    return Seen(
        outcomes=tuple(_WORDS[outcome] for outcome, _ in newest),
        commits=commits,
        dirty=dirty,
        codes=codes,
        services=services,
    )
