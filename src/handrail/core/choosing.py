"""From what workers saw to records, after a run: of the tests that passed at the first try."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from handrail.core.changed import Record, Seen, Snapshot, record_of
from handrail.core.folding import is_bad
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome

_CLEAN = frozenset({Outcome.PASSED, Outcome.XFAILED, Outcome.XPASSED})
"""A test that was skipped runs again: why it was skipped may have changed unseen."""


def seen_of(lines: Iterable[Any]) -> dict[str, Seen]:
    """What each test was seen to do; of several attempts, all of it.

    Raises: TypeError, ValueError, KeyError for a line that no worker has written.
    """
    found: dict[str, Seen] = {}
    for test, code, files, folders, starts_process in lines:
        earlier = found.get(test)
        merged: dict[str, list[str]] | None = None if code is None else dict(code)
        if earlier is not None and merged is not None:
            for path, names in (earlier.code or {}).items():
                merged[path] = sorted({*merged.get(path, ()), *names})
        found[test] = Seen(
            test=test,
            code=merged,
            files=[*files, *(earlier.files if earlier else ())],
            folders=[*folders, *(earlier.folders if earlier else ())],
            starts_process=starts_process or (earlier is not None and earlier.starts_process),
        )
    return found


def records_after(
    attempts: Iterable[TestFinished],
    seen: Mapping[str, Seen],
    now: Snapshot,
    needs: Callable[[Iterable[str]], Iterable[str]],
) -> tuple[list[Record], frozenset[str]]:
    """The records to keep, and the tests to forget, because they must run next time."""
    is_clean: dict[str, bool] = {}
    for each in attempts:
        good = each.outcome in _CLEAN and not is_bad(each)
        is_clean[each.test] = good and is_clean.get(each.test, True)
    known: dict[frozenset[str], Iterable[str]] = {}

    def needed(paths: Iterable[str]) -> Iterable[str]:
        key = frozenset(paths)
        if key not in known:
            known[key] = needs(key)
        return known[key]

    records = [
        record
        for test, good in is_clean.items()
        if good and test in seen and (record := record_of(seen[test], now, needed)) is not None
    ]
    return records, frozenset(is_clean) - {record.test for record in records}
