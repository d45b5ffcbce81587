"""``handrail run`` at a real terminal: what is seen there, and what a person can do to it."""

import re
import signal

import pytest
from gated import gated, open_gate, wait_at_gate
from processes import is_gone, supervisor, terminal_of, wait_for
from real_runs import PATIENCE_S, Project
from terminals import CTRL_C, run_at_terminal, terminal
from test_outliving import assert_completes

PROGRESS = re.compile(r"\b(8|9|1\d)/14 tests, 1 f")  # as much as there is room for at 40 columns


@pytest.fixture(params=["with-rich", "without-rich"])
def way(request: pytest.FixtureRequest, project: Project) -> dict[str, str]:
    """The environment in which rich is there, or is not."""
    if request.param == "with-rich":
        pytest.importorskip("rich")
        return {}
    folder = project.home / "without-rich"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\n\nsys.modules['rich'] = None\n")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize("columns", [100, 40])
def test_progress_is_shown_and_nothing_of_it_is_left(
    project: Project, way: dict[str, str], columns: int
) -> None:
    gated(project)
    with terminal(project, *run_at_terminal(), columns=columns, **way) as at:
        wait_at_gate(project)

        at.read_until(lambda: PROGRESS.search(at.screen.lines[0]), "progress")
        if columns == 100:
            at.read_until(lambda: "test_gate.py::test_gate" in str(at.screen.lines), "its name")
        seen = at.screen
        open_gate(project)
        code = at.read_to_end()

    assert code == 1
    assert seen.most_rows <= (1 if way else 3)  # 2 workers, and no line that the terminal broke
    lines = at.screen.lines
    assert lines[0].startswith("-----"), lines  # where the answer begins
    assert sum("13 passed" in line for line in lines) == 1
    left = [line for line in lines if PROGRESS.search(line) or "collecting" in line or "[#" in line]
    assert left == []
    assert at.screen.has_cursor


def test_without_anything_to_show_the_answer_stands_alone(
    project: Project, way: dict[str, str]
) -> None:
    project.write(test_a="def test_a():\n    pass\n")

    with terminal(project, *run_at_terminal(), **way) as at:
        code = at.read_to_end()

    assert code == 0
    assert len(at.screen.lines) == 1, at.screen.lines
    assert at.screen.lines[0].startswith("PASSED exit=0 | fast | 1 passed | ")


@pytest.mark.parametrize("how", ["wait", "terminated"])
def test_who_leaves_a_run_removes_the_view_of_it(
    project: Project, way: dict[str, str], how: str
) -> None:
    gated(project)
    waits = ["--wait", "3s"] if how == "wait" else []
    with terminal(project, *run_at_terminal(*waits), **way) as at:
        if how == "terminated":
            at.read_until(lambda: PROGRESS.search(at.screen.lines[0]), "progress")
            at.process.send_signal(signal.SIGTERM)
        code = at.read_to_end()

    run = project.latest_id()
    assert code == (8 if how == "wait" else -signal.SIGTERM)
    assert at.screen.has_cursor
    expected = "RUNNING exit=8 " if how == "wait" else f"run {run} goes on: handrail wait {run}"
    assert at.screen.lines[0].startswith(expected), at.screen.lines
    assert not any("tests, " in line for line in at.screen.lines)


def test_closing_the_terminal_does_not_end_the_run(project: Project, way: dict[str, str]) -> None:
    gated(project)
    with terminal(project, *run_at_terminal("--tests"), **way) as at:
        wait_at_gate(project)

        at.close()

        assert at.process.wait(PATIENCE_S) == -signal.SIGHUP
        assert_completes(project)


def test_the_supervisor_has_no_terminal(project: Project) -> None:
    gated(project)
    with terminal(project, *run_at_terminal()) as at:
        wait_at_gate(project)

        assert terminal_of(at.process.pid) != 0
        assert terminal_of(supervisor(project)) == 0


def test_ctrl_c_stops_the_run(project: Project, way: dict[str, str]) -> None:
    gated(project)
    with terminal(project, *run_at_terminal(), **way) as at:
        at.read_until(lambda: PROGRESS.search(at.screen.lines[0]), "progress")

        at.type(CTRL_C)
        code = at.read_to_end()

    assert code == 130
    shown = "\n".join(at.screen.lines)
    assert "STOPPED exit=130" in shown
    assert "Traceback" not in shown
    assert not PROGRESS.search(shown)
    assert at.screen.has_cursor
    assert project.left() == []


def test_a_second_ctrl_c_kills_what_catches_everything(project: Project) -> None:
    gated(
        project,
        preparing="import signal; [signal.signal(each, signal.SIG_IGN) for each in (2, 15)]",
        waiting="try:\n    time.sleep(0.1)\nexcept BaseException:\n    pass",
    )
    with terminal(project, *run_at_terminal(), HANDRAIL_GRACE="600s") as at:  # one alone takes that
        pid = wait_at_gate(project)
        at.type(CTRL_C)
        at.read_until(lambda: at.shown.count(b"^C") == 1, "the first one")

        # Signals that meet are one signal: press again until it is over.
        def pressed() -> bool:
            at.type(CTRL_C)
            return at.process.poll() is not None

        at.read_until(pressed, "the end of the command")
        code = at.read_to_end()

    assert code in {130, -signal.SIGINT}  # the latter if pressed while Python itself ends
    wait_for(lambda: is_gone(pid), "the end of the test")
    assert project.left() == []
