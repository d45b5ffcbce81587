"""Where a run that goes on stands, for whoever asks in between: short, failures already in full."""

from collections.abc import Mapping, Sequence

from handrail.core.causes import Cause, Label
from handrail.core.progress import Standing, eta
from handrail.core.text import shorten, size_bytes
from handrail.model.records import RunRecord
from handrail.model.units import format_duration
from handrail.reporters import lines
from handrail.reporters.digest import blocks
from handrail.reporters.live import running_lines

LIMIT_BYTES = 1200
MAX_RUNNING = 3


def status(
    record: RunRecord,
    standing: Standing,
    causes: Sequence[Cause],
    labels: Mapping[str, Label],
    now: float,
) -> str:
    """The status without a final line break, at most ``LIMIT_BYTES`` long.

    ``record`` needs to hold the bad attempts only.
    """
    head = headline(standing, len(causes), now)
    running = [f"running: {each}" for each in _running(standing, now)]
    withheld = lines.withheld_text(record, has_gates=True)
    below = [
        *running,
        *([f"withheld: {withheld}"] if withheld else []),
        f"next: handrail wait {lines.words(standing.run_id, 60)}",
    ]
    used = sum(size_bytes(line) + 1 for line in (head, *below))
    return shorten(
        "\n".join([head, *blocks(record, causes, labels, LIMIT_BYTES - used), *below]), LIMIT_BYTES
    )


def headline(standing: Standing, found: int, now: float) -> str:
    """``RUNNING exit=8 | fast | 187/412, 1 cause so far | 1m12s of 5m | about 2m left (history) | run=7k2f``."""
    parts = [
        "RUNNING exit=8",
        lines.words(", ".join(standing.tiers), 120),
        "collecting"
        if standing.total is None
        else f"{standing.done}/{standing.total}, {lines.plural(found, 'cause')} so far",
        _spent(standing, now),
        lines.eta_text(eta(standing, now)),
        f"run={lines.words(standing.run_id, 60)}",
    ]
    return " | ".join(part for part in parts if part)


def _spent(standing: Standing, now: float) -> str:
    spent = format_duration(max(0.0, now - standing.started_at))
    return spent if standing.budget_s is None else f"{spent} of {lines.whole(standing.budget_s)}"


def _running(standing: Standing, now: float) -> list[str]:
    return running_lines(standing, now, limit=MAX_RUNNING)
