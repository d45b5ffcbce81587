"""What ran before a test in an earlier run, in the process in which it ran."""

from collections.abc import Iterable

from handrail.frozen import dataclass
from handrail.model.events import Event, RunStarted, TestFinished
from handrail.model.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A run, as far as it concerns one test."""

    started: RunStarted
    outcome: Outcome
    before: tuple[str, ...]
    """Tests that the same worker ran before it, in that order."""


def recorded(events: Iterable[Event], test: str) -> Recorded | None:
    """The first attempt at the test; None if the run did not come to it."""
    started: RunStarted | None = None
    by_worker: dict[str, dict[str, None]] = {}
    for event in events:
        match event:
            case RunStarted():
                started = event
            case TestFinished() if event.test == test and started is not None:
                before = tuple(by_worker.get(event.worker, ()))
                return Recorded(started=started, outcome=event.outcome, before=before)
            case TestFinished():
                by_worker.setdefault(event.worker, {})[event.test] = None
            case _:
                pass
    return None
