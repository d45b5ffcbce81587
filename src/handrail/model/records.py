"""A run as it stands: what folding its events has told so far."""

from collections.abc import Mapping

from handrail.frozen import dataclass, field
from handrail.model.events import (
    Collected,
    CollectionFailed,
    Narrowed,
    Note,
    RunFinished,
    Running,
    RunProblem,
    RunStarted,
    SessionFinished,
    TestFinished,
    Verified,
    WorkerLost,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Everything that reports show; made by ``core.folding`` from events, in their order."""

    started: RunStarted
    collected: Collected | None = None
    finished: tuple[TestFinished, ...] = ()
    collection_failures: tuple[CollectionFailed, ...] = ()
    problems: tuple[RunProblem, ...] = ()
    notes: tuple[Note, ...] = ()
    lost_workers: tuple[WorkerLost, ...] = ()
    running: tuple[Running, ...] = ()
    session: SessionFinished | None = None
    ended: RunFinished | None = None
    narrowed: Narrowed | None = None
    """What a change affects, if that is what was asked for."""
    verified: Verified | None = None
    last_at: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    """Counted as plain pytest counts: passed, failed, error, skipped, xfailed, xpassed, ..."""

    @property
    def total(self) -> int:
        """How many tests were to run."""
        return len(self.collected.tests) if self.collected else len(self.finished)

    @property
    def elapsed_s(self) -> float:
        """Wall time from the start to the last event."""
        return max(0.0, self.last_at - self.started.at)
