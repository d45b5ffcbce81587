"""What history is told of tests that were repeated."""

from collections.abc import Mapping

from handrail.app.remembering import one_line
from handrail.core.stressing import Stressed
from handrail.errors import StateError
from handrail.ports.history import History, RunRow


def remember_stress(
    found: Stressed, history: History, env: Mapping[str, str], run_id: str, now: float
) -> str:
    """Keep the runs in which nothing was varied; return what a person should know about that."""
    if not found.plain:
        return ""
    is_bad = any(each.outcome.is_bad for each in found.plain)
    row = RunRow(
        run_id=run_id,
        started_at=now - found.seconds,
        ended_at=now,
        verdict="failed" if is_bad else "passed",
        tiers="stress",
        workers=0,
        python=env.get("python", ""),
        commit=env.get("commit", ""),
        is_dirty=env.get("dirty", "") == "yes",
        is_partial=True,
        changes=env.get("changes", ""),
        machine=env.get("machine", ""),
        is_apart=True,
    )
    try:
        return history.save(row, found.plain)
    except StateError as problem:
        return one_line(problem)
