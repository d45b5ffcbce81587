"""Tests in quarantine: put there, run, released, expired."""

import json
from pathlib import Path

import pytest
from real_runs import Project

from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.store.sqlite_history import SqliteHistory

TESTS = """
    def test_bad():
        assert 1 == 2

    def test_good():
        pass
    """
PUT = ("--reason", "issue 412", "--owner", "payments", "--for", "14d")


@pytest.fixture
def red(project: Project) -> Project:
    project.put("test_it.py", TESTS)
    assert project.run().returncode == 1
    return project


def put(project: Project, *tests: str) -> None:
    done = project.command("handrail", "flaky", "quarantine", *tests, *PUT)
    assert done.returncode == 0, done.stderr


def file_of(project: Project) -> Path:
    return project.folder / ".handrail-quarantine.toml"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_it_runs_and_is_told_of_and_does_not_fail_the_run(red: Project, workers: str) -> None:
    put(red, "test_it.py::test_bad")

    run = red.run("-n", workers, "-x", "--format", "agent")

    assert run.returncode == 0, run.stdout
    assert (run.report["summary"]["quarantined"], run.report["summary"]["failed"]) == (1, 0)
    assert run.report["failures"][0]["history"]["label"] == "quarantined"
    assert run.outcomes["test_it.py::test_bad"] == "failed"
    assert run.lines[0].startswith("PASSED exit=0 | fast | 1 passed, 1 quarantined | ")
    (line,) = [each for each in run.lines if each.startswith("quarantined: ")]
    until = run.report["quarantined"][0]["expires"]
    assert line == (
        "quarantined: test_it.py::test_bad failed, which does not count until "
        f"{until} (payments: issue 412)"
    )
    assert "1 passed, 1 xfailed" in run.log


def test_when_it_is_over_or_released_it_counts_again(red: Project) -> None:
    put(red, "test_it.py::test_bad")
    text = file_of(red).read_text()
    expires = text.rpartition("expires = ")[2].strip()

    file_of(red).write_text(text.replace(f"expires = {expires}", "expires = 2020-02-02"))
    over = red.run("--format", "agent")
    done = red.command("handrail", "flaky", "release", "test_it.py::test_bad")
    released = red.run()

    assert over.returncode == 1
    assert (
        "quarantine over: test_it.py::test_bad counts again since 2020-02-02 (payments: issue 412)"
        in over.lines
    )
    assert done.stdout.startswith("test_it.py::test_bad counts again\n")
    assert released.returncode == 1
    assert released.report["quarantined"] == []


def test_one_that_is_good_for_long_is_proposed_for_release(red: Project) -> None:
    put(red, "test_it.py::test_good")
    history = SqliteHistory(red.folder / ".handrail" / "history.db")
    (row,) = history.runs()
    good = TestFinished(
        at=row.ended_at, test="test_it.py::test_good", outcome=Outcome.PASSED, duration_s=0.1
    )
    history.save(row, [good] * 29)

    listed = red.command("handrail", "flaky", "quarantine")
    document = json.loads(red.command("handrail", "flaky", "quarantine", "--json").stdout)

    assert listed.stdout.splitlines()[-1] == (
        "good 30 times in a row; next: handrail flaky release test_it.py::test_good"
    )
    assert document["tests"][0]["is_stable"] is True


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ("quarantine", "test_it.py::test_bad"),
            (
                "error: a test in quarantine needs a reason and an owner [usage]\n"
                "\n"
                'hint: handrail flaky quarantine TEST --reason "..." --owner NAME --for 14d\n'
            ),
        ),
        (
            ("quarantine", "test_it.py::test_bda", *PUT),
            (
                "error: history knows no test test_it.py::test_bda [usage]\n"
                "\n"
                "hint: give its whole node id, as `handrail report --format json --tests` shows it\n"
            ),
        ),
        (
            ("release", "test_it.py::test_bad"),
            (
                "error: test_it.py::test_bad is not in quarantine [usage]\n"
                "\n"
                "hint: handrail flaky quarantine\n"
            ),
        ),
    ],
)
def test_what_cannot_be_done_is_refused(red: Project, given: tuple[str, ...], said: str) -> None:
    done = red.command("handrail", "flaky", *given)

    assert (done.returncode, done.stderr) == (3, said)
    assert not file_of(red).exists()


def test_a_bad_file_is_refused_before_anything_runs(red: Project) -> None:
    file_of(red).write_text('[[quarantine]]\ntest = "test_it.py::test_bad"\n')

    done = red.command("handrail", "run")

    assert done.returncode == 3
    assert ".handrail-quarantine.toml:1: reason is missing" in done.stderr
