"""The 19 targets, as make and just read them."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail.adoption.changes import Change, Proposal
from handrail.adoption.inventory import Inventory
from handrail.adoption.planning import undoing
from handrail.adoption.targets import JUSTFILES, MAKEFILES, justfile, makefile, targets
from handrail.cli.parser import parse
from handrail.config.loading import load_settings
from handrail.model.tiers import Settings

NAMES = (
    "test", "test-unit", "test-unit-parallel", "test-integration", "test-integration-all",
    "test-performance", "coverage", "test-chaos", "test-operational", "test-soak-1h",
    "test-soak-24h", "test-pr", "test-pr-full", "test-post-merge", "test-nightly",
    "test-all-local", "ci-test", "ci-quality", "ci-all",
)  # fmt: skip
BUILT_IN = load_settings("")
OWN = load_settings(
    """
[tool.handrail]
default-tier = "units"
[tool.handrail.tiers.units]
select = "not (db or faults or disaster)"
[tool.handrail.tiers.db]
select = "db"
[tool.handrail.tiers.fault]
select = "fault"
gate = "harm"
[tool.handrail.gates.harm]
[tool.handrail.stages.nightly]
tiers = ["units", "db"]
budget = "2h"
"""
)
Make = Callable[[Inventory, Settings], Proposal]


def only(proposal: Proposal) -> Change:
    (change,) = proposal.changes
    return change


def commands(settings: Settings) -> dict[str, str]:
    return {each.name: each.command for each in targets(settings)}


def test_there_are_19_and_each_calls_handrail_as_it_can_be_called() -> None:
    found = commands(BUILT_IN)

    assert tuple(found) == NAMES
    for name, line in found.items():
        calls = [] if name == "test-soak-24h" else line.split(" && ")
        for call in calls:
            program, *arguments = call.split()
            assert program == "handrail"
            assert parse(arguments).command


def test_what_is_dangerous_is_behind_a_gate_that_a_person_opens() -> None:
    found = commands(BUILT_IN)

    for name in ("test-chaos", "test-operational"):
        assert found[name] == f"handrail allow destructive && handrail run --tier {name[5:]}"


def test_they_are_for_the_tiers_and_stages_of_the_project() -> None:
    found = commands(OWN)

    assert found["test-unit"] == "handrail run --tier units -n 1"
    assert found["test-integration"] == "handrail run --tier db"
    assert found["test-chaos"] == "handrail allow harm && handrail run --tier fault"
    assert found["test-nightly"] == "handrail run --tier units --tier db --budget 2h00m"
    assert found["test-all-local"] == "handrail run --tier units --tier db"
    assert found["test-operational"] == (
        "handrail allow destructive && handrail run --tier operational"
    )


def test_generated_workflows_are_checked_where_there_are_any() -> None:
    files = {".github/workflows/handrail-pr-fast.yml": "", ".github/workflows/ci.yml": ""}

    text = only(makefile(Inventory(files=files), BUILT_IN)).after or ""

    assert "\thandrail config check && handrail doctor && handrail ci check\n" in text
    assert "ci check" not in (only(makefile(Inventory(), BUILT_IN)).after or "")


@pytest.mark.parametrize("make", [makefile, justfile])
def test_a_second_time_there_is_nothing_to_do_and_it_can_be_undone(make: Make) -> None:
    path = only(make(Inventory(), BUILT_IN)).path
    before = {path: "# ours\n\nlint:\n\truff check\n"}
    after = only(make(Inventory(files=before), BUILT_IN)).after or ""

    assert make(Inventory(files={path: after}), BUILT_IN) == Proposal()
    assert only(undoing(Inventory(files={path: after}))).after == before[path]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (makefile, "A := test-pr\ntest coverage : all\n\tpytest\nci-all:: x\n"),
        (
            justfile,
            "test-pr := '1'\n@test *args:\n    pytest\ncoverage: test\n    x\nci-all a='b':\n",
        ),
    ],
)
def test_targets_that_are_there_are_left_as_they_are(make: Make, text: str) -> None:
    path = only(make(Inventory(), BUILT_IN)).path

    found = make(Inventory(files={path: text}), BUILT_IN)

    assert found.notes[0].where == f"test coverage ci-all ({path})"
    assert only(found).why == "16 targets"
    added = (only(found).after or "").removeprefix(text)
    assert re.findall(r"^(test|coverage|ci-all|test-pr):", added, re.MULTILINE) == ["test-pr"]


@pytest.mark.parametrize(("make", "names"), [(makefile, MAKEFILES), (justfile, JUSTFILES)])
def test_the_file_is_the_one_that_is_read(make: Make, names: tuple[str, ...]) -> None:
    assert only(make(Inventory(files={names[1]: "", names[2]: ""}), BUILT_IN)).path == names[1]


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A make that did not start us."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.slow
@pytest.mark.usefixtures("_alone")
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize("settings", [BUILT_IN, OWN], ids=["built in", "own"])
def test_make_reads_every_target(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "Makefile").write_text(only(makefile(Inventory(), settings)).after or "")

    done = subprocess.run(
        ["make", "-n", *NAMES], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == list(commands(settings).values())
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.usefixtures("_alone")
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_24_hours_are_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(only(makefile(Inventory(), BUILT_IN)).after or "")

    done = subprocess.run(
        ["make", "test-soak-24h"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: 24 hours are not for a machine that somebody uses: ")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("just") is None, reason="there is no just here")
def test_just_reads_every_recipe(tmp_path: Path) -> None:
    (tmp_path / "justfile").write_text(only(justfile(Inventory(), BUILT_IN)).after or "")

    summary = subprocess.run(
        ["just", "--summary", "--unsorted"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    refused = subprocess.run(
        ["just", "test-soak-24h"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert summary.stdout.split() == list(NAMES)
    assert refused.returncode == 5
