"""An earlier run, read back from its log."""

from collections.abc import Iterable

from handrail.app.running import Report
from handrail.core import causes as grouping
from handrail.core.folding import fold
from handrail.core.verdicts import judge
from handrail.errors import StateError
from handrail.model.events import Event
from handrail.model.records import RunRecord
from handrail.ports.history import History


class EmptyRunError(StateError):
    """A run left nothing that could be read."""

    reference = "empty-run"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"run {run_id} left no events", hint="its disk may have been full; run the tests again"
        )


def report_of(run_id: str, events: Iterable[Event], history: History) -> Report:
    """Fold and judge a run again. Raises: EmptyRunError."""
    try:
        record = fold(events)
    except ValueError as error:
        raise EmptyRunError(run_id) from error
    return report_on(record, history)


def report_on(record: RunRecord, history: History, *, allow_empty: bool = False) -> Report:
    """Judge a run again that has ended. Raises: StateError."""
    found = grouping.causes(record)
    outcomes: dict[str, tuple[str, ...]] = {}
    if found:
        seen = history.seen({test for cause in found for test in cause.tests}, last=11)
        # The newest outcome is this run's own, if no other run came after it.
        outcomes = {test: each.outcomes[1:] for test, each in seen.items()}
    return Report(
        record=record,
        judgement=judge(record, allow_empty=allow_empty),
        causes=found,
        labels=grouping.labels(found, outcomes),
        outcomes=outcomes,
    )
