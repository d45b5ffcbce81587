"""What ``handrail serve`` tells of runs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from handrail.cli.live_runs import MOST_FINISHED, Follower, all_runs
from handrail.model.events import Collected, RunStarted, TestFinished
from handrail.model.outcomes import Outcome
from handrail.runs import state_file
from handrail.runs.event_log import EventLog
from handrail.runs.folder import RunFolder, StateFolder

TIMING = {"elapsed_s": 2.0, "started_at": "2026-01-01T00:00:00.000Z"}


def put_state(folder: RunFolder, state: str, document: dict[str, Any]) -> None:
    """What a supervisor writes; this process stands for it."""
    folder.path.mkdir(parents=True, exist_ok=True)
    told = {"owner": state_file.owner(os.getpid()), "beat_at": 0.0, "text": "", "state": state}
    (folder.path / state_file.NAME).write_text(json.dumps({**told, "document": document}))


def finished(number: int, outcome: Outcome = Outcome.PASSED) -> TestFinished:
    return TestFinished(
        at=1.0, test=f"a.py::t{number}", outcome=outcome, duration_s=0.5, worker="w"
    )


@pytest.fixture
def running(tmp_path: Path) -> RunFolder:
    """A run that goes on: two tests of three are done."""
    folder = RunFolder(tmp_path / "runs" / "aaaa")
    document = {"tier": "fast", "summary": {"passed": 2}, "timing": TIMING, "failures": []}
    put_state(folder, "running", document)
    with EventLog(folder.events) as log:
        log.append([RunStarted(at=0.0, run_id="aaaa", tiers=("fast",), place="local")])
        log.append([Collected(at=0.5, tests=("a.py::t0", "a.py::t1", "a.py::t2"))])
        log.append([finished(0), finished(1)])
    return folder


def test_each_test_is_told_once(running: RunFolder) -> None:
    follower = Follower(running)

    first, second = follower.told(), follower.told()
    with EventLog(running.events) as log:
        log.append([finished(2, Outcome.FAILED)])
    third = follower.told()

    assert [each[0] for each in first["finished"]] == ["a.py::t0", "a.py::t1"]
    assert second["finished"] == []
    assert third["finished"] == [["a.py::t2", "failed", 0.5, "w"]]
    assert [(each["done"], each["total"]) for each in (first, second, third)] == [
        (2, 3), (2, 3), (3, 3),
    ]  # fmt: skip


def test_a_test_that_is_tried_again_is_done_once(running: RunFolder) -> None:
    with EventLog(running.events) as log:
        log.append([finished(1)])

    assert Follower(running).told()["done"] == 2


def test_of_very_many_tests_the_last_ones_are_told(running: RunFolder) -> None:
    with EventLog(running.events) as log:
        log.append([finished(number) for number in range(1000)])

    told = Follower(running).told()

    assert len(told["finished"]) == MOST_FINISHED
    assert told["finished"][-1][0] == "a.py::t999"
    assert told["done"] == 1000


def test_names_of_tests_hide_secrets(running: RunFolder) -> None:
    with EventLog(running.events) as log:
        log.append([TestFinished(at=1.0, test="a.py::t[password=hunter2]", outcome=Outcome.PASSED, duration_s=0.0)])  # fmt: skip

    assert "hunter2" not in json.dumps(Follower(running).told())


@pytest.mark.parametrize("document", [{}, {"run_id": "aaaa"}])
def test_a_run_that_has_not_begun_tells_nothing(tmp_path: Path, document: dict[str, Any]) -> None:
    folder = RunFolder(tmp_path / "runs" / "aaaa")
    put_state(folder, "preparing", document)

    assert Follower(folder).told() == {}
    assert Follower(RunFolder(tmp_path / "runs" / "none")).told() == {}


def test_the_end_is_told(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "aaaa")
    put_state(folder, "finished", {"verdict": "passed", "exit_code": 0})

    assert Follower(folder).told() == {"is_over": True}


def test_every_run_is_listed_also_one_that_left_nothing(running: RunFolder) -> None:
    runs = running.path.parent
    (runs / "bbbb").mkdir()
    over = RunFolder(runs / "cccc")
    put_state(over, "finished", {"verdict": "failed", "exit_code": 1})
    report = {"verdict": "failed", "tier": "fast", "summary": {"failed": 1}, "timing": TIMING}
    over.report.write_text(json.dumps({**report, "env": {"commit": "abc"}, "selection": ["a.py"]}))

    told = {each["run_id"]: each for each in all_runs(StateFolder(runs.parent))}

    assert (told["aaaa"]["is_over"], told["aaaa"]["elapsed_s"]) == (False, 2.0)
    assert (told["bbbb"]["is_over"], told["bbbb"]["verdict"]) == (True, None)
    assert told["cccc"]["verdict"] == "failed"
    assert (told["cccc"]["commit"], told["cccc"]["selection"]) == ("abc", ["a.py"])


def test_a_report_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "aaaa")
    put_state(folder, "finished", {"verdict": "failed", "exit_code": 1})
    verdicts = []
    for verdict in ("failed", "infra_error"):
        folder.report.write_text(json.dumps({"verdict": verdict}))
        verdicts += [each["verdict"] for each in all_runs(StateFolder(tmp_path))]

    assert verdicts == ["failed", "infra_error"]
