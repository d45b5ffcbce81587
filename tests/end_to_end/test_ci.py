"""Generated workflows do what they say: their steps are executed, each job in a clean clone."""

import json
import subprocess
from pathlib import Path

import pytest
from real_runs import Project
from workflows import Machine

SETTINGS = """
[project]
name = "shop"
version = "1"
requires-python = ">=3.11,<3.12"

[tool.pytest.ini_options]
markers = ["integration: several parts"]

[tool.handrail]
ci-install = "handrail --version"

[tool.handrail.tiers.fast]
select = "not integration"

[tool.handrail.tiers.integration]
select = "integration"

[tool.handrail.stages.pr-fast]
on = ["pull_request", "merge_group"]
tiers = ["fast"]
shards = 2
budget = "5m"

[tool.handrail.stages.nightly]
on = ["schedule"]
tiers = ["fast", "integration"]
"""
TESTS = """
import pytest

@pytest.mark.parametrize("n", range(4))
def test_fast(n):
    assert n < LIMIT

@pytest.mark.integration
def test_parts():
    pass
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.put("pyproject.toml", SETTINGS)
    project.put("test_a.py", TESTS.replace("LIMIT", "9"))
    project.put("test_b.py", TESTS.replace("LIMIT", "9"))
    project.put(".gitignore", ".handrail/\n")
    return project


def committed(project: Project) -> Path:
    done = project.command("handrail", "ci", "generate")
    assert done.returncode == 0, done.stderr
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], cwd=project.folder, check=True)
    return project.folder / ".github" / "workflows"


def machine(project: Project, **how: object) -> Machine:
    folder = project.home / "machine"
    (folder / "artifacts").mkdir(parents=True)
    return Machine(project.folder, folder, **how)  # type: ignore[arg-type]


def test_every_stage_is_green_in_a_clean_clone(shop: Project) -> None:
    folder = committed(shop)
    here = machine(shop)

    found = {path.stem: here.run(path) for path in sorted(folder.glob("*.yml"))}

    green = {"tests": "success", "verdict": "success"}
    assert found == {"handrail-nightly": green, "handrail-pr-fast": green}, here.printed
    assert "shards 1-2/2 | 8 passed" in here.printed
    assert "10 passed" in (here.folder / "summary.md").read_text()


def test_a_test_that_fails_in_one_shard_makes_the_verdict_red(shop: Project) -> None:
    shop.put("test_b.py", TESTS.replace("LIMIT", "1"))
    here = machine(shop)

    found = here.run(committed(shop) / "handrail-pr-fast.yml")

    assert found == {"tests": "failure", "verdict": "failure"}
    assert "8: 5 passed, 3 failed" in here.printed


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"lost": "pr-fast-python-3.11-shard-2"}, "1 runs are there, and 2 were expected [runs-missing]"),
        ({"skipped": ("tests",)}, "no run is called .handrail/shards/*/*/"),
    ],
)  # fmt: skip
def test_what_is_missing_is_never_green(shop: Project, how: dict[str, object], told: str) -> None:
    here = machine(shop, **how)

    found = here.run(committed(shop) / "handrail-pr-fast.yml")

    assert (found["verdict"], told in here.printed) == ("failure", True), here.printed


def test_what_was_generated_is_up_to_date_until_a_stage_changes(shop: Project) -> None:
    shop.command("handrail", "ci", "generate")

    same = shop.command("handrail", "ci", "generate", "--check")
    shop.put("pyproject.toml", SETTINGS.replace('"5m"', '"6m"'))
    changed = shop.command("handrail", "ci", "generate", "--check", "--json")

    assert same.returncode == 0
    assert changed.returncode == 1
    states = {each["path"]: each["state"] for each in json.loads(changed.stdout)["files"]}
    assert states[".github/workflows/handrail-pr-fast.yml"] == "differs"
    assert states[".github/workflows/handrail-nightly.yml"] == "as it was"
