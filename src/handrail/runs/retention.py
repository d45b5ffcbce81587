"""Which runs are kept, and the removal of the others."""

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from handrail.frozen import dataclass
from handrail.model.events import RunFinished
from handrail.model.outcomes import Verdict
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder

_DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """What the decision needs to know of one run."""

    run_id: str
    age_s: float
    has_failed: bool
    """Anything but passed: also a run that was cut off."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many runs are kept, and for how long; failed ones count apart, for they are looked at."""

    passed: int = 10
    passed_age_s: float = 7 * _DAY_S
    failed: int = 20
    failed_age_s: float = 14 * _DAY_S
    size_bytes: int | None = None
    """Of all runs together; the oldest go first."""


def to_remove(
    runs: Iterable[KeptRun], limits: Limits, *, protected: Collection[str] = ()
) -> list[str]:
    """Ids of the runs over a limit, oldest first. Those ``protected`` (running, latest) stay.

    A protected run takes a place among those that are kept.
    """
    newest_first = sorted(runs, key=lambda run: (run.age_s, run.run_id))
    places = {True: limits.failed, False: limits.passed}
    oldest_s = {True: limits.failed_age_s, False: limits.passed_age_s}
    kept_bytes = 0
    removed = []
    for run in newest_first:
        places[run.has_failed] -= 1
        is_over = places[run.has_failed] < 0 or run.age_s > oldest_s[run.has_failed]
        if not is_over or run.run_id in protected:
            kept_bytes += run.size_bytes
            is_over = limits.size_bytes is not None and kept_bytes > limits.size_bytes
        if is_over and run.run_id not in protected:
            removed.append(run.run_id)
    return removed[::-1]


def measure(run: RunFolder, *, now: float) -> KeptRun:
    """Look at a run's folder: its age since it was last written to, its verdict, its size."""
    sizes, times = [0], [0.0]
    for folder, _, names in os.walk(run.path):
        for name in (".", *names):
            with suppress(OSError):
                found = os.lstat(Path(folder) / name)
                sizes.append(found.st_size if name != "." else 0)
                times.append(found.st_mtime)
    return KeptRun(
        run_id=run.run_id,
        age_s=max(0.0, now - max(times)),
        has_failed=_verdict(run.events) is not Verdict.PASSED,
        size_bytes=sum(sizes),
    )


def remove(runs: Sequence[RunFolder]) -> list[str]:
    """Remove these runs; return the ids of those that are gone. Half a run is never visible."""
    from shutil import rmtree  # brings compression along, which nobody here needs

    gone = []
    for run in runs:
        hidden = run.path.with_name(f".{run.run_id}.removed")
        with suppress(OSError):
            run.path.rename(hidden)
            gone.append(run.run_id)
        rmtree(hidden, ignore_errors=True)
    return gone


def _verdict(events: Path) -> Verdict | None:
    """The verdict at the end of a log, found without reading all of it."""
    try:
        tail = list(read_events(events, offset=max(0, events.stat().st_size - 4096)))
    except OSError:
        return None
    last = tail[-1] if tail else None
    return last.verdict if isinstance(last, RunFinished) else None
