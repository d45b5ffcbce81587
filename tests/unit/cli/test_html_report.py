"""What the HTML report takes from history, and which run is the one before."""

from pathlib import Path

import pytest

from handrail.cli.html_report import earlier, previous_run
from handrail.core.folding import fold
from handrail.model.events import Event, RunStarted, TestFinished
from handrail.model.outcomes import Outcome
from handrail.model.records import RunRecord
from handrail.ports.history import RunRow
from handrail.runs.event_log import EventLog
from handrail.runs.folder import RunFolder
from handrail.store.memory_history import MemoryHistory

TEST = "a.py::t"


def started(run_id: str, at: float, tier: str = "fast", rerun_of: str = "") -> RunStarted:
    return RunStarted(at=at, run_id=run_id, tiers=(tier,), place="local", rerun_of=rerun_of)


def attempts(at: float, *outcomes: Outcome) -> list[TestFinished]:
    return [
        TestFinished(at=at + n, test=TEST, outcome=each, duration_s=0.1, attempt=n + 1)
        for n, each in enumerate(outcomes)
    ]


def kept(history: MemoryHistory, run_id: str, at: float, *outcomes: Outcome) -> RunRecord:
    """A run that history knows."""
    made = attempts(at, *outcomes)
    row = RunRow(
        run_id=run_id, started_at=at, ended_at=at + 9, verdict="passed", tiers="fast", workers=1,
        python="3.11", commit="", is_dirty=False,
    )  # fmt: skip
    history.save(row, made)
    return fold([started(run_id, at), *made])


P, F = Outcome.PASSED, Outcome.FAILED


def test_what_came_before_is_without_the_tries_of_this_run() -> None:
    history = MemoryHistory()
    kept(history, "one", 100.0, P)
    kept(history, "two", 200.0, F)

    now = kept(history, "three", 300.0, F, F, P)

    assert earlier(now, history) == {TEST: ("failed", "passed")}


def test_a_run_that_history_does_not_know_comes_after_all_that_it_knows() -> None:
    history = MemoryHistory()
    kept(history, "one", 100.0, P)

    now = fold([started("two", 200.0), *attempts(200.0, F)])

    assert earlier(now, history) == {TEST: ("passed",)}


def test_of_an_older_run_nobody_knows_what_came_before() -> None:
    history = MemoryHistory()
    older = kept(history, "one", 100.0, P)
    kept(history, "two", 200.0, F)

    assert earlier(older, history) == {}
    assert earlier(older, MemoryHistory()) == {}


def put(state: Path, *events: Event) -> RunFolder:
    """The folder of a run in a state folder."""
    assert isinstance(events[0], RunStarted)
    folder = RunFolder(state / "runs" / events[0].run_id)
    folder.path.mkdir(parents=True)
    with EventLog(folder.events) as log:
        log.append(events)
    return folder


def test_the_run_before_is_the_newest_of_its_kind(tmp_path: Path) -> None:
    for each in (started("aaaa", 1.0), started("bbbb", 2.0), started("dddd", 4.0)):
        put(tmp_path, each)
    put(tmp_path, started("cccc", 2.5, tier="slow"))
    put(tmp_path, started("eeee", 2.6, rerun_of="bbbb"))

    found = previous_run(put(tmp_path, started("ffff", 3.0)), fold([started("ffff", 3.0)]))

    assert found is not None
    assert found.started.run_id == "bbbb"


@pytest.mark.parametrize("others", [[], ["damaged"]])
def test_there_may_be_none(tmp_path: Path, others: list[str]) -> None:
    for each in others:
        (tmp_path / "runs" / each).mkdir(parents=True)
        (tmp_path / "runs" / each / "events.ndjson").write_text("no event\n")

    assert previous_run(put(tmp_path, started("ffff", 3.0)), fold([started("ffff", 3.0)])) is None
