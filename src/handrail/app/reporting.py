"""Judge a run and group what went wrong: one that has just ended, or one read back from its log."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from handrail.app.running import Log
from handrail.core import causes as grouping
from handrail.core.causes import Cause, Label
from handrail.core.folding import Folding, fold
from handrail.core.quarantining import held_back
from handrail.core.verdicts import Judgement, judge
from handrail.errors import StateError
from handrail.frozen import dataclass, replace
from handrail.model.events import Event, RunFinished
from handrail.model.records import RunRecord
from handrail.ports.history import History, Seen

_KNOWN_RUNS = 10
"""How many earlier outcomes of a test say whether it is new that it fails."""


_FIRST_SEEN = 100
"""How many of them are looked at for the first failure."""
_NONE: Mapping[str, int] = {}


class EmptyRunError(StateError):
    """A run left nothing that could be read."""

    reference = "empty-run"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"run {run_id} left no events", hint="its disk may have been full; run the tests again"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run that has ended, with everything that reporters need."""

    record: RunRecord
    judgement: Judgement
    causes: tuple[Cause, ...]
    labels: Mapping[str, Label]
    outcomes: Mapping[str, tuple[str, ...]]
    """Earlier ones of each test that went wrong, newest first."""


def conclude(folding: Folding, log: Log, history: History, *, allow_empty: bool) -> Report:
    """Judge the run, write the verdict as its last event, and group what went wrong.

    A run that was judged already keeps the time of that.
    """
    record = folding.record()
    causes = grouping.causes(record)
    try:
        outcomes = _outcomes(causes, history)
        causes = _dated(record, causes, history)
    except StateError:  # a verdict there is, with or without history
        outcomes = {}
    report = _report(record, causes, outcomes, allow_empty=allow_empty)
    ended = record.ended or RunFinished(
        at=time.time(),
        verdict=report.judgement.verdict,
        exit_code=int(report.judgement.exit_code),
    )
    log.append([ended])
    folding.add(ended)
    record = replace(record, ended=ended, last_at=max(record.last_at, ended.at))
    return replace(report, record=record)


def report_of(run_id: str, events: Iterable[Event], history: History) -> Report:
    """Fold and judge a run again. Raises: EmptyRunError."""
    try:
        record = fold(events)
    except ValueError as error:
        raise EmptyRunError(run_id) from error
    return report_on(record, history)


def report_on(record: RunRecord, history: History, *, allow_empty: bool = False) -> Report:
    """Judge a run again that has ended. Raises: StateError."""
    causes = grouping.causes(record)
    # The newest outcomes are this run's own, if no other run came after it.
    own = Counter(each.test for each in record.finished)
    outcomes = _outcomes(causes, history, own=own)
    causes = _dated(record, causes, history, own)
    return _report(record, causes, outcomes, allow_empty=allow_empty)


def _outcomes(
    causes: Sequence[Cause], history: History, *, own: Mapping[str, int] = _NONE
) -> dict[str, tuple[str, ...]]:
    tests = {test for cause in causes for test in cause.tests}
    if not tests:
        return {}
    most = max(own.get(test, 0) for test in tests)
    seen = history.seen(tests, last=_KNOWN_RUNS + most)
    return {test: each.outcomes[own.get(test, 0) :][:_KNOWN_RUNS] for test, each in seen.items()}


def _dated(
    record: RunRecord, causes: Sequence[Cause], history: History, own: Mapping[str, int] = _NONE
) -> tuple[Cause, ...]:
    """The causes, with the commit at which each was seen first."""
    firsts = [cause.tests[0] for cause in causes if cause.tests]
    if not firsts:
        return tuple(causes)
    most = max(own.get(test, 0) for test in firsts)
    seen = history.seen(firsts, last=_FIRST_SEEN + most)
    here = record.started.env.get("commit", "")
    return tuple(
        replace(cause, first_seen=_first_seen(seen.get(test), own.get(test, 0), here))
        if (test := next(iter(cause.tests), ""))
        else cause
        for cause in causes
    )


def _first_seen(seen: Seen | None, own: int, here: str) -> str:
    if seen is None:
        return here
    return grouping.first_seen(seen.outcomes[own:], seen.commits[own:], here)


def _report(
    record: RunRecord,
    causes: tuple[Cause, ...],
    outcomes: Mapping[str, tuple[str, ...]],
    *,
    allow_empty: bool,
) -> Report:
    return Report(
        record=record,
        judgement=judge(record, allow_empty=allow_empty),
        causes=causes,
        labels=grouping.labels(causes, outcomes, {each.attempt.test for each in held_back(record)}),
        outcomes=outcomes,
    )
