"""What a run says of its end before it has collected anything."""

import json

import pytest
from gated import open_gate
from processes import wait_for
from real_runs import NO_RANDOMLY, Project

from handrail.ports.history import RunRow
from handrail.store.sqlite_history import SqliteHistory

GATE = """
import pathlib, time

pathlib.Path("importing").touch()
while not pathlib.Path("open").exists():
    time.sleep(0.02)

def test_it():
    pass
"""
USUAL_S = 1000.0


def remembered(project: Project, selection: str) -> None:
    """A run of so long that nothing here comes near it."""
    row = RunRow(
        run_id="aaaa",
        started_at=0.0,
        ended_at=USUAL_S,
        verdict="passed",
        tiers="fast",
        workers=1,
        python="3.11.7",
        commit="",
        is_dirty=False,
        selection=selection,
    )
    SqliteHistory(project.folder / ".handrail" / "history.db").save(row, [])


def while_preparing(project: Project, *selection: str) -> tuple[dict[str, object], str]:
    """What is said of time by a run that stands at the gate of its collection."""
    project.put("test_gate.py", GATE)
    project.command("handrail", "start", "-n", "1", *NO_RANDOMLY, *selection)
    wait_for((project.folder / "importing").exists, "the import of the module")
    timing = wait_for(
        lambda: json.loads(project.command("handrail", "status", "--json").stdout).get("timing"),
        "the first state that tells of time",
    )
    shown = project.command("handrail", "status").stdout
    open_gate(project)
    project.command("handrail", "wait")
    return timing, shown


@pytest.mark.parametrize("selection", [(), ("-k", "it or that")])
def test_a_run_that_prepares_takes_what_such_runs_have_taken(
    project: Project, selection: tuple[str, ...]
) -> None:
    remembered(project, "'-k '\"'\"'it or that'\"'\"''" if selection else "")

    timing, shown = while_preparing(project, *selection)

    assert timing["eta_basis"] == "history"
    left_s = float(str(timing["eta_s"]))
    assert USUAL_S / 2 < left_s <= USUAL_S
    assert " | collecting | " in shown
    assert " left (history) | " in shown


def test_runs_of_other_tests_say_nothing_of_this_one(project: Project) -> None:
    remembered(project, "test_gate.py")

    timing, shown = while_preparing(project)

    assert (timing["eta_s"], timing["eta_basis"]) == (None, "none")
    assert "left" not in shown
