"""What is said of a run that has ended, when it ends and when it is read back."""

from collections.abc import Iterable, Mapping, Sequence

import pytest
from made_events import STARTED, collected, ended, failed, finished, log, problem

from handrail.app.reporting import EmptyRunError, conclude, report_of, report_on
from handrail.core.folding import Folding, fold
from handrail.errors import StateError
from handrail.model.events import Event, RunFinished
from handrail.model.outcomes import Verdict
from handrail.ports.history import RunRow, Seen
from handrail.reporters.digest import digest
from handrail.store.memory_history import MemoryHistory

RUN = log(collected("a", "b"), finished("a"), failed("b", problem()), ended(1))


class KeptLog:
    """A log in memory."""

    def __init__(self) -> None:
        self.events: list[Event | bytes] = []

    def append(self, batch: Sequence[Event | bytes]) -> None:
        self.events += batch


class BrokenHistory(MemoryHistory):
    def seen(self, tests: Iterable[str], *, last: int = 10) -> Mapping[str, Seen]:
        raise StateError("history cannot be read")


def history(*runs: Event) -> MemoryHistory:
    """One run for each of these, the newest last."""
    found = MemoryHistory()
    for n, event in enumerate(runs):
        row = RunRow(
            run_id=f"run{n}", started_at=n, ended_at=n, verdict="failed", tiers="fast",
            workers=1, python="3.13", commit="c0ffee", is_dirty=False,
        )  # fmt: skip
        found.save(row, [event])
    return found


def folding() -> Folding:
    found = Folding()
    for event in RUN:
        found.add(event)
    return found


def test_the_verdict_is_the_last_event_of_a_run() -> None:
    kept, folded = KeptLog(), folding()

    report = conclude(folded, kept, MemoryHistory(), allow_empty=False)

    (event,) = kept.events
    assert isinstance(event, RunFinished)
    assert (event.verdict, event.exit_code) == (Verdict.FAILED, 1)
    assert event == report.record.ended == folded.record().ended
    assert report.record.last_at == event.at > STARTED.at


def test_a_run_that_was_judged_keeps_the_time_of_that() -> None:
    folded = folding()
    first = conclude(folded, KeptLog(), MemoryHistory(), allow_empty=False)

    again = conclude(folded, KeptLog(), MemoryHistory(), allow_empty=False)

    assert again.record.ended == first.record.ended


def test_earlier_outcomes_are_those_before_this_run_which_history_learns_of_when_it_ends() -> None:
    before = finished("b")
    outcomes = {"b": ("passed",)}

    ending = conclude(folding(), KeptLog(), history(before), allow_empty=False)
    later = report_on(fold(RUN), history(before, failed("b", problem())))

    assert (ending.outcomes, later.outcomes) == (outcomes, outcomes)
    assert ending.labels == later.labels


def test_a_known_cause_says_since_which_commit_it_is() -> None:
    known = history(finished("b"), failed("b", problem()))
    fresh = conclude(folding(), KeptLog(), history(finished("b")), allow_empty=False)

    ending = conclude(folding(), KeptLog(), known, allow_empty=False)

    assert [each.first_seen for each in ending.causes] == ["c0ffee"]
    assert [each.first_seen for each in fresh.causes] == [""], "this run knows no commit"
    assert "[F1] KNOWN since c0ffee  TypeError" in digest(
        ending.record, ending.judgement, ending.causes, ending.labels
    )


def test_tries_of_this_run_are_not_earlier_failures() -> None:
    tries = [failed("b", problem()), failed("b", problem(), attempt=2)]
    record = fold([*log(collected("b"), *tries), ended(1)])

    later = report_on(record, history(finished("b"), *tries))

    assert later.outcomes == {"b": ("passed",)}
    assert list(later.labels.values()) == ["new"]


def test_a_run_ends_with_a_verdict_also_without_history() -> None:
    report = conclude(folding(), KeptLog(), BrokenHistory(), allow_empty=False)

    assert report.judgement.verdict is Verdict.FAILED
    assert report.outcomes == {}


def test_who_reads_a_run_back_is_told_that_history_cannot_be_read() -> None:
    with pytest.raises(StateError, match="history cannot be read"):
        report_on(fold(RUN), BrokenHistory())


def test_a_run_that_left_nothing_is_an_error() -> None:
    with pytest.raises(EmptyRunError) as caught:
        report_of("7k2f", [], MemoryHistory())

    assert caught.value.text() == (
        "error: run 7k2f left no events [empty-run]\n\n"
        "hint: its disk may have been full; run the tests again"
    )
