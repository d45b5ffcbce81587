"""``handrail logs``: what pytest printed, and how to go on reading it."""

import json
import subprocess

import pytest
from gated import open_gate
from real_runs import PATIENCE_S, Project


def logs(project: Project, *arguments: str) -> "subprocess.CompletedProcess[str]":
    done = project.command("handrail", "logs", *arguments)
    assert done.returncode == 0, done.stderr
    return done


def cursor(done: "subprocess.CompletedProcess[str]") -> str:
    return done.stderr.strip().removeprefix("cursor: ")


def append(project: Project, text: str) -> None:
    """To the log of the latest run, as its session does."""
    path = project.folder / ".handrail" / "runs" / project.latest_id() / "pytest.log"
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_cursors_give_each_line_of_a_growing_log_once(project: Project, run: str) -> None:
    read: list[str] = []
    append(project, "\n")
    done = logs(project)
    read += done.stdout.splitlines()
    for grown in ("one\ntwo\nhal", "f\n", "", "long " * 9000 + "\n", "\tüber\n"):
        append(project, grown)
        done = logs(project, "--since", cursor(done))
        read += done.stdout.splitlines()
    open_gate(project)
    project.command("handrail", "wait")
    while (done := logs(project, "--since", cursor(done))).stdout:
        read += done.stdout.splitlines()

    written = project.latest("pytest.log")
    assert "".join(read) == "".join(written.splitlines())
    marks = ["one", "two", "half", "\tüber"]
    assert [each for each in read if each in marks] == marks


def test_following_a_log_ends_with_its_run(project: Project, run: str) -> None:
    append(project, "\nbefore\nhal")
    following = project.open("logs", "--follow")
    assert following.stdout is not None
    first = [following.stdout.readline() for _ in project.latest("pytest.log").splitlines()[:-1]]

    append(project, "f\nafter\n")
    open_gate(project)
    rest, told = following.communicate(timeout=PATIENCE_S)

    assert following.returncode == 0
    assert first[-1] == "before\n"
    assert "".join(first) + rest == project.latest("pytest.log")
    assert "half\nafter\n" in rest
    assert told == f"cursor: {run}:{len(project.latest('pytest.log').encode())}\n"


def test_a_log_is_searched(project: Project, run: str) -> None:
    append(project, "\nneedle 1\nhay\nneedle 2\n")

    assert logs(project, "--grep", r"needle \d").stdout == "needle 1\nneedle 2\n"
    assert logs(project, "--grep", "needle", "--tail", "2").stdout == "needle 2\n"
    assert logs(project, "--tail", "2").stdout == "hay\nneedle 2\n"
    refused = project.command("handrail", "logs", "--grep", "(")
    assert (refused.returncode, "no regular expression" in refused.stderr) == (3, True)


def test_a_log_as_json(project: Project, run: str) -> None:
    append(project, "\nlast\n")

    done = logs(project, "--json", "--tail", "1")

    size = len(project.latest("pytest.log").encode())
    path = project.folder / ".handrail" / "runs" / run / "pytest.log"
    assert json.loads(done.stdout) == {
        "cursor": f"{run}:{size}",
        "lines": ["last"],
        "path": str(path),
    }
    assert done.stderr == ""


@pytest.mark.parametrize("given", ["", "latest", "x:y", ":4", "x:-1"])
def test_what_is_no_cursor_is_refused(project: Project, run: str, given: str) -> None:
    done = project.command("handrail", "logs", "--since", given)

    assert done.returncode == (3 if given else 0)
    assert not given or f"{given} is no cursor" in done.stderr


def test_a_cursor_outlives_its_run_being_the_latest(project: Project) -> None:
    project.write(test_a="def test_a():\n    pass\n")
    project.run()
    first = project.latest_id()
    project.run("--new")

    done = logs(project, "--since", f"{first}:0")

    assert "1 passed" in done.stdout
    assert cursor(done).startswith(f"{first}:")
