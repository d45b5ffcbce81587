"""What changed from one run to another, for people and as ``handrail.comparison/1``."""

from collections.abc import Iterator, Sequence
from typing import Any

from handrail.core.text import name
from handrail.model.records import RunRecord
from handrail.model.units import format_duration
from handrail.reporters import lines
from handrail.reporters.html.comparing import Comparison

MOST = 20
"""Of each kind are shown to people."""


def text(before: RunRecord, now: RunRecord, found: Comparison) -> str:
    """For a person, without a final line break: one block for each kind of change."""
    kinds: tuple[tuple[str, Sequence[str]], ...] = (
        ("newly failing", [name(test) for test in found.failing]),
        ("fixed", [name(test) for test in found.fixed]),
        ("slower", list(_times(found.slower))),
        ("faster", list(_times(found.faster))),
        ("added", [name(test) for test in found.added]),
        ("removed", [name(test) for test in found.removed]),
    )
    one, other = (lines.words(each.started.run_id, 60) for each in (before, now))
    shown = [f"from {one} to {other}: {_counts(kinds)}"]
    for word, tests in kinds:
        if tests:
            shown += ["", f"{word}:", *(f"  {each}" for each in tests[:MOST])]
        if len(tests) > MOST:
            shown.append(f"  +{len(tests) - MOST} more")
    return "\n".join(shown)


def _counts(kinds: Sequence[tuple[str, Sequence[str]]]) -> str:
    found = [f"{len(tests)} {word}" for word, tests in kinds if tests]
    return ", ".join(found) or "no difference"


def _times(changes: Sequence[tuple[str, float, float]]) -> Iterator[str]:
    for test, was, took in changes:
        yield f"{name(test)}  {format_duration(was)} -> {format_duration(took)}"


def document(before: RunRecord, now: RunRecord, found: Comparison) -> dict[str, Any]:
    """Every change."""
    return {
        "schema": "handrail.comparison/1",
        "before": before.started.run_id,
        "run_id": now.started.run_id,
        "failing": [name(test) for test in found.failing],
        "fixed": [name(test) for test in found.fixed],
        "slower": list(_changes(found.slower)),
        "faster": list(_changes(found.faster)),
        "added": [name(test) for test in found.added],
        "removed": [name(test) for test in found.removed],
    }


def _changes(changes: Sequence[tuple[str, float, float]]) -> Iterator[dict[str, Any]]:
    for test, was, took in changes:
        yield {"test": name(test), "before_s": round(was, 3), "duration": round(took, 3)}
