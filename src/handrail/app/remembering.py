"""What history is asked before a run, and told after it."""

import shlex
import time
from collections.abc import Mapping, Sequence

from handrail.app.reporting import Report
from handrail.core.folding import last_attempts
from handrail.errors import StateError
from handrail.model.events import Note
from handrail.model.records import RunRecord
from handrail.model.spec import Lessons, RunSpec
from handrail.ports.history import History, RunRow

KEPT_S = 180 * 86400.0
"""For how long single attempts are kept; what is known about a test as a whole stays for ever."""
FORGOTTEN_AT_ONCE = 20_000
"""Attempts that are dropped after a run at most: it must not take long."""


def lessons_of(history: History) -> tuple[Lessons, Note | None]:
    """What history teaches; a history that cannot be read teaches nothing, and is told of."""
    try:
        return Lessons(usual_s=dict(history.durations()), failed=history.last_failed()), None
    except StateError as problem:
        note = Note(at=time.time(), code="history", is_warning=True, text=one_line(problem))
        return Lessons(usual_s={}, failed=frozenset()), note


def is_rest(spec: RunSpec) -> bool:
    """Whether the run is what is left of another one, so that what it takes tells nothing."""
    return bool(spec.done or spec.only or spec.unaffected)


def usual_run_s(
    history: History, tiers: Sequence[str], selection: Sequence[str], spec: RunSpec
) -> float | None:
    """What such runs usually take; None if nobody knows."""
    try:
        return history.usual_run_s(",".join(tiers), spec.workers, shlex.join(selection))
    except StateError:
        return None  # told of already, with the lessons


def recorded_s(record: RunRecord, history: History) -> dict[str, float]:
    """What each test of a run takes: usually, where history knows, else what it took then.

    Raises: StateError.
    """
    usual = history.durations()
    return {
        test: usual.get(test, attempt.duration_s) for test, attempt in last_attempts(record).items()
    }


def remember(
    report: Report, history: History, env: Mapping[str, str], *, is_rest: bool = False
) -> str:
    """Keep the run in history; return what a person should know about that, mostly nothing."""
    record = report.record
    row = RunRow(
        run_id=record.started.run_id,
        started_at=record.started.at,
        ended_at=record.last_at,
        verdict=report.judgement.verdict,
        tiers=",".join(record.started.tiers),
        workers=record.started.workers or 0,
        python=env.get("python", ""),
        commit=env.get("commit", ""),
        is_dirty=env.get("dirty", "") == "yes",
        selection=shlex.join(record.started.selection),
        changes=env.get("changes", ""),
        machine=env.get("machine", ""),
        seed=env.get("seed", "") or record.started.env.get("seed", ""),
        services=_services(record),
        is_partial=is_rest or bool(record.started.rerun_of) or not report.judgement.complete,
    )
    try:
        note = history.save(row, record.finished)
        history.forget(record.last_at - KEPT_S, most=FORGOTTEN_AT_ONCE)
        return note
    except StateError as problem:
        return one_line(problem)


def _services(record: RunRecord) -> str:
    used = record.session.services if record.session else {}
    return " ".join(f"{service}={backends}" for service, backends in sorted(used.items()))


def one_line(problem: StateError) -> str:
    """What is wrong with history, for a note."""
    return "; ".join(filter(None, (problem.what, *problem.where.splitlines(), problem.hint)))
