"""Which runs are kept."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.model.events import Note, RunFinished
from handrail.model.outcomes import Verdict
from handrail.runs.event_log import EventLog
from handrail.runs.folder import RunFolder
from handrail.runs.retention import KeptRun, Limits, measure, remove, to_remove

DAY_S = 86400.0


def runs(count: int, *, has_failed: bool = False, age_s: float = 0.0) -> list[KeptRun]:
    """``r0`` is the newest; each is a second older than the one before."""
    return [
        KeptRun(run_id=f"r{number}", age_s=age_s + number, has_failed=has_failed, size_bytes=100)
        for number in range(count)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    path = tmp_path / "runs" / "7k2f"
    path.mkdir(parents=True)
    return RunFolder(path)


def test_the_ten_newest_that_passed_are_kept() -> None:
    assert to_remove(runs(12), Limits()) == ["r11", "r10"]


def test_the_twenty_newest_that_failed_are_kept() -> None:
    assert to_remove(runs(22, has_failed=True), Limits()) == ["r21", "r20"]


def test_failed_runs_take_no_place_from_those_that_passed() -> None:
    failed = [
        KeptRun(run_id=f"f{number}", age_s=0.0, has_failed=True, size_bytes=1)
        for number in range(20)
    ]

    assert to_remove([*failed, *runs(10)], Limits()) == []


@pytest.mark.parametrize(("has_failed", "days"), [(False, 7), (True, 14)])
def test_a_run_is_removed_when_it_is_too_old(has_failed: bool, days: int) -> None:
    young = runs(1, has_failed=has_failed, age_s=days * DAY_S)
    old = runs(1, has_failed=has_failed, age_s=days * DAY_S + 1)

    assert to_remove(young, Limits()) == []
    assert to_remove(old, Limits()) == ["r0"]


def test_the_oldest_go_first_when_all_together_are_too_big() -> None:
    assert to_remove(runs(5), Limits(size_bytes=300)) == ["r4", "r3"]


def test_a_small_run_is_not_kept_where_a_newer_one_had_to_go() -> None:
    big = KeptRun(run_id="big", age_s=1.0, has_failed=False, size_bytes=1000)
    small = KeptRun(run_id="small", age_s=2.0, has_failed=False, size_bytes=1)

    assert to_remove([small, big], Limits(size_bytes=500)) == ["small", "big"]


def test_runs_that_are_removed_anyway_do_not_count_as_size() -> None:
    old_failed = KeptRun(run_id="old", age_s=1e9, has_failed=True, size_bytes=1000)
    older = KeptRun(run_id="older", age_s=2e9, has_failed=False, size_bytes=100)
    limits = Limits(passed_age_s=1e10, size_bytes=500)

    assert to_remove([old_failed, older], limits) == ["old"]


def test_a_protected_run_is_never_removed_but_takes_its_place() -> None:
    assert to_remove(runs(12), Limits(), protected={"r11"}) == ["r10"]
    assert to_remove(runs(3), Limits(passed=1), protected={"r0"}) == ["r2", "r1"]


@given(
    st.lists(
        st.builds(
            KeptRun,
            run_id=st.text("abc", min_size=1),
            age_s=st.floats(0, 2e6),
            has_failed=st.booleans(),
            size_bytes=st.integers(0, 1000),
        ),
        unique_by=lambda run: run.run_id,
    ),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_what_is_kept_is_within_the_limits_and_asking_again_removes_nothing(
    found: list[KeptRun], passed: int, failed: int
) -> None:
    limits = Limits(passed=passed, failed=failed, size_bytes=2000)

    removed = set(to_remove(found, limits))

    kept = [run for run in found if run.run_id not in removed]
    assert sum(not run.has_failed for run in kept) <= passed
    assert sum(run.has_failed for run in kept) <= failed
    assert sum(run.size_bytes for run in kept) <= 2000
    assert to_remove(kept, limits) == []


def test_a_run_is_measured_by_its_last_write_its_verdict_and_its_size(folder: RunFolder) -> None:
    with EventLog(folder.events) as log:
        log.append([Note(at=1.0, text="x" * 10_000)])
        log.append([RunFinished(at=2.0, verdict=Verdict.PASSED, exit_code=0)])
    folder.stacks.mkdir()
    (folder.stacks / "w1.txt").write_bytes(b"x" * 100)
    size = folder.events.stat().st_size + 100
    for path in (folder.path, folder.stacks, folder.stacks / "w1.txt"):
        os.utime(path, (1000, 1000))
    os.utime(folder.events, (2000, 2000))

    assert measure(folder, now=2060.0) == KeptRun(
        run_id="7k2f", age_s=60.0, has_failed=False, size_bytes=size
    )


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.STOPPED, Verdict.INFRA_ERROR])
def test_every_verdict_but_passed_is_kept_like_a_failure(
    folder: RunFolder, verdict: Verdict
) -> None:
    with EventLog(folder.events) as log:
        log.append([RunFinished(at=2.0, verdict=verdict, exit_code=1)])

    assert measure(folder, now=0.0).has_failed


def test_a_run_that_was_cut_off_is_kept_like_a_failure(folder: RunFolder) -> None:
    assert measure(folder, now=0.0).has_failed

    with EventLog(folder.events) as log:
        log.append([Note(at=1.0, text="one")])

    assert measure(folder, now=0.0).has_failed


def test_removed_runs_are_gone_and_named(folder: RunFolder, tmp_path: Path) -> None:
    (folder.path / "report.json").write_text("{}")
    missing = RunFolder(tmp_path / "runs" / "none")

    assert remove([folder, missing]) == ["7k2f"]
    assert list((tmp_path / "runs").iterdir()) == []
