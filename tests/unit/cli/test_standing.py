"""Where a run stands, by what its supervisor wrote and whether that still lives."""

import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail.cli import standing as standing_module
from handrail.cli.standing import Standing, standing_of
from handrail.errors import ExitCode, UserError
from handrail.runs.state_file import NAME, owner

MakeRun = Callable[..., Path]
GONE = {"pid": os.getpid(), "started": "0"}
RUNNING = """\
RUNNING exit=8 | fast | 1/4, 1 cause so far | run=7k2f
[F1]  TypeError x1
     next: a line of a test's

running: 2s a.py::t
next: handrail wait 7k2f"""
LOST = """\
INFRA_ERROR exit=2 | its supervisor ended before its time | fast | 1/4, 1 cause so far | run=7k2f
[F1]  TypeError x1
     next: a line of a test's
running: 2s a.py::t
next: handrail rerun 7k2f
RESULT infra_error exit=2 run=7k2f complete=no"""
DIGEST = "FAILED exit=1 | fast\nRESULT failed exit=1 run=7k2f complete=yes"
REPORT = {"run_id": "7k2f", "verdict": "failed", "exit_code": 1, "tests": []}


def look(folder: Path) -> Standing:
    return Standing(str(folder))


def test_a_run_that_goes_on_says_what_its_supervisor_says(make_run: MakeRun) -> None:
    standing = look(make_run(text=RUNNING, bad=3, share=0.25))

    assert not standing.is_over
    assert not standing.is_lost
    assert standing.exit_code is ExitCode.STILL_RUNNING
    assert standing.text == RUNNING
    assert standing.line == "RUNNING exit=8 | fast | 1/4, 1 cause so far | run=7k2f"
    assert standing.document["state"] == "running"
    assert (standing.run_id, standing.failures, standing.share) == ("7k2f", 3, 0.25)
    assert standing.owner == owner()


@pytest.mark.parametrize("state", ["preparing", "running", "finishing"])
def test_a_run_is_not_over_before_it_is_finished(make_run: MakeRun, state: str) -> None:
    assert not look(make_run(state=state)).is_over


@pytest.mark.parametrize("whose", [owner(), GONE], ids=["alive", "gone"])
@pytest.mark.parametrize("code", ExitCode)
def test_a_run_that_has_finished_gives_its_verdict_whether_or_not_its_supervisor_lives(
    make_run: MakeRun, whose: dict[str, object], code: ExitCode
) -> None:
    folder = make_run(
        state="finished", owner=whose, text=DIGEST, beat_at=0.0, document={"exit_code": int(code)}
    )

    standing = look(folder)

    assert standing.is_over
    assert not standing.is_lost
    assert standing.exit_code is code
    assert standing.text == DIGEST


def test_the_document_of_a_run_that_has_finished_is_its_report(make_run: MakeRun) -> None:
    short = {"run_id": "7k2f", "exit_code": 1}

    assert look(make_run(state="finished", document=short, report=REPORT)).document == REPORT


@pytest.mark.parametrize("report", [None, b"{", b"[]", b"\xff"])
def test_without_a_report_the_document_is_that_of_the_state(
    make_run: MakeRun, report: bytes | None
) -> None:
    short = {"run_id": "7k2f", "exit_code": 1}
    folder = make_run(state="finished", document=short)
    if report is not None:
        (folder / "report.json").write_bytes(report)

    assert look(folder).document == short


def test_the_report_of_an_earlier_time_is_not_that_of_a_run_that_goes_on(make_run: MakeRun) -> None:
    assert look(make_run(report=REPORT)).document["exit_code"] == 8


# Lost.


def test_a_run_whose_supervisor_is_gone_is_lost(make_run: MakeRun) -> None:
    standing = look(make_run(owner=GONE, text=RUNNING))

    assert standing.is_lost
    assert standing.is_over
    assert standing.exit_code is ExitCode.INFRA_ERROR == 2
    assert standing.text == LOST
    assert standing.line == LOST.split("\n", maxsplit=1)[0]


def test_the_document_of_a_lost_run_says_so(make_run: MakeRun) -> None:
    document = {"run_id": "7k2f", "state": "running", "exit_code": 8, "counts": {"passed": 1}}

    assert look(make_run(owner=GONE, document=document, report=REPORT)).document == {
        "run_id": "7k2f",
        "state": "finished",
        "verdict": "infra_error",
        "exit_code": 2,
        "complete": False,
        "counts": {"passed": 1},
        "infra": {
            "code": "supervisor-lost",
            "message": "its supervisor ended before its time",
            "fix": "handrail rerun 7k2f",
        },
    }


def test_a_run_whose_keeper_is_gone_too_is_lost(make_run: MakeRun) -> None:
    assert look(make_run(owner=GONE, keeper=GONE)).is_lost


def test_a_keeper_that_writes_the_verdict_is_waited_for(
    make_run: MakeRun, write_state: Callable[..., None]
) -> None:
    folder = make_run(owner=GONE, keeper=owner())
    is_looking, found = threading.Event(), []
    looking = threading.Thread(target=lambda: (is_looking.set(), found.append(look(folder))))
    looking.start()
    is_looking.wait(10)

    write_state(folder, owner=GONE, keeper=owner(), state="finished", document={"exit_code": 2})
    looking.join(10)

    (standing,) = found
    assert standing.is_over
    assert not standing.is_lost


@pytest.mark.slow
def test_a_keeper_that_never_writes_a_verdict_is_not_waited_for_without_end(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_module, "KEEPER_S", 0.1)

    assert look(make_run(owner=GONE, keeper=owner())).is_lost


# Silent.


def test_a_supervisor_that_is_silent_is_said_to_be(make_run: MakeRun) -> None:
    text = look(make_run(text=RUNNING, beat_at=0.0)).text

    assert text.startswith(f"{RUNNING}\n")
    assert re.fullmatch(
        r"note: no sign of life of its supervisor for \d+s", text.removeprefix(f"{RUNNING}\n")
    )


# No state.


def test_a_run_that_left_only_a_report_has_its_verdict(make_run: MakeRun) -> None:
    standing = look(make_run(has_state=False, report=REPORT))

    assert standing.is_over
    assert standing.exit_code is ExitCode.FAILED
    assert standing.text == "FAILED exit=1 | run=7k2f"
    assert standing.document == REPORT
    assert standing.owner == {}
    assert (standing.failures, standing.share) == (0, 0.0)


@pytest.mark.parametrize("report", [None, b"", b"{", b"[]", b"7", b"{}", b"\xff"])
def test_a_run_that_left_nothing_is_explained(make_run: MakeRun, report: bytes | None) -> None:
    folder = make_run(has_state=False)
    if report is not None:
        (folder / "report.json").write_bytes(report)

    with pytest.raises(UserError) as caught:
        look(folder)

    assert caught.value.exit_code is ExitCode.INFRA_ERROR
    assert caught.value.text() == (
        "error: run 7k2f left no state [no-state]\n"
        "  it ended before it began, or its folder was damaged\n"
        "\n"
        "hint: run the tests again: handrail run"
    )


@pytest.mark.parametrize(
    "report",
    [
        {"exit_code": 1},
        {"exit_code": 1, "verdict": None},
        {"exit_code": None, "verdict": "failed"},
        {"exit_code": 77, "verdict": "failed"},
    ],
    ids=repr,
)
def test_a_report_of_somebody_else_is_explained(
    make_run: MakeRun, report: dict[str, object]
) -> None:
    with pytest.raises(UserError):
        _ = look(make_run(has_state=False, report=report)).exit_code


def test_a_report_that_is_nested_without_end_is_explained(make_run: MakeRun) -> None:
    folder = make_run(has_state=False)
    (folder / "report.json").write_bytes(b"[" * 200_000)

    with pytest.raises(UserError):
        look(folder)


def test_a_state_of_somebody_else_is_explained(make_run: MakeRun) -> None:
    folder = make_run()
    (folder / NAME).write_text(json.dumps({"owner": owner(), "document": {}}))

    with pytest.raises(UserError):
        _ = look(folder).text


# Which run.


def test_a_run_is_found_from_anywhere_in_its_project(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("7k2f")
    make_run("9c2d")
    (tmp_path / "tests" / "unit").mkdir(parents=True)

    assert standing_of(str(tmp_path / "tests" / "unit"), "7k").run_id == "7k2f"
    assert standing_of(str(tmp_path), "latest").run_id == "9c2d"


def test_without_a_folder_the_project_is_the_one_we_are_in(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run("7k2f")
    monkeypatch.chdir(tmp_path)

    assert standing_of(None, "latest").run_id == "7k2f"


def test_an_unknown_run_is_explained(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("7k2f")

    with pytest.raises(UserError, match="no run is called zzzz"):
        standing_of(str(tmp_path), "zzzz")


def test_a_folder_that_is_not_there_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("7k2f")

    with pytest.raises(UserError, match="there is no folder"):
        standing_of(str(tmp_path / "gone"), "latest")
