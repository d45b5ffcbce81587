"""Generated workflows do what they say: their steps are executed, each job in a clean clone."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from real_runs import SCRIPTS, Project
from workflows import Machine

SHOP = Path(__file__).parents[2] / "examples" / "shop"
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


def committed(project: Project, *options: str) -> Path:
    done = project.command("handrail", "ci", "generate", *options)
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


def test_an_example_with_real_servers_needs_no_containers_beside_its_jobs(
    project: Project,
) -> None:
    ignored = shutil.ignore_patterns(".handrail", "__pycache__")
    shutil.copytree(SHOP, project.folder, dirs_exist_ok=True, ignore=ignored)
    workflow = committed(project) / "handrail-pr-fast.yml"
    here = machine(project)

    found = here.run(workflow)

    assert found == {"tests": "success", "verdict": "success"}, here.printed
    assert "services:" not in workflow.read_text()


def test_the_jobs_of_gitlab_are_green_in_clean_clones(shop: Project) -> None:
    committed(shop, "--provider", "gitlab")
    jobs = shop.folder / ".gitlab" / "handrail-pr-fast.yml"
    here = machine(shop)

    green = here.run_gitlab(jobs)

    assert green == {"pr-fast": "success", "pr-fast verdict": "success"}, here.printed
    assert "shards 1-2/2 | 8 passed" in here.printed
    assert "<testsuite" in (here.folder / "artifacts" / "junit.xml").read_text()


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


def test_a_check_finds_drift_faults_and_tests_that_no_stage_runs(shop: Project) -> None:
    shop.command("handrail", "ci", "generate")
    clean = shop.command("handrail", "ci", "check", "--own")
    edited = shop.folder / ".github/workflows/handrail-pr-fast.yml"
    edited.write_text(edited.read_text().replace("timeout-minutes: 10\n", "timeout-minutes: 99\n"))
    (shop.folder / ".github/workflows/handrail-nightly.yml").unlink()
    shop.put(".github/workflows/mine.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: pytest x | cat\n")  # fmt: skip

    found = shop.command("handrail", "ci", "check", "--own", "--json")

    assert (clean.returncode, clean.stdout) == (
        0, "2 workflows | 0 findings | 10 of 10 tests in a stage\n"
    )  # fmt: skip
    assert found.returncode == 1
    listed = [(each["code"], each["path"].rpartition("/")[2], each["line"]) for each in json.loads(found.stdout)["findings"]]  # fmt: skip
    assert listed == [
        ("W07", "mine.yml", 3),
        ("W09", "mine.yml", 3),
        ("W01", "mine.yml", 6),
        ("W18", "handrail-nightly.yml", 1),
        ("W19", "handrail-pr-fast.yml", 1),
        ("W20", "pyproject.toml", 1),
    ]


@pytest.mark.parametrize(
    ("tool", "code", "line"), [("zizmor", "zizmor", 10), ("check-jsonschema", "schema", 1)]
)
def test_public_linters_are_asked_where_they_are_installed(
    shop: Project, tool: str, code: str, line: int
) -> None:
    if not (SCRIPTS / tool).exists():
        pytest.skip(f"{tool} is not installed")
    text = "on: pull_request_target\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    timeout-minutes: 1\n    nothing: 1\n    steps:\n      # a title is run\n      - run: echo ${{ github.event.pull_request.title }}\n"
    shop.put(".github/workflows/mine.yml", text)

    found = shop.command("handrail", "ci", "check", "--no-collect", "--json")

    places = {(each["code"], each["line"]) for each in json.loads(found.stdout)["findings"]}
    assert (code, line) in places


def test_tests_that_cannot_be_collected_are_an_error_with_what_pytest_said(shop: Project) -> None:
    shop.command("handrail", "ci", "generate")
    shop.put("test_b.py", "import nowhere\n")

    done = shop.command("handrail", "ci", "check", "--own")

    assert (done.returncode, "error: pytest cannot collect the tests [not-collected]" in done.stderr) == (3, True)  # fmt: skip
    assert "No module named 'nowhere'" in done.stderr


def test_a_stage_and_a_fault_are_explained(shop: Project) -> None:
    stage = shop.command("handrail", "ci", "explain", "pr-fast")
    fault = shop.command("handrail", "ci", "explain", "W01")
    nothing = shop.command("handrail", "ci", "explain", "pr-fats")

    assert stage.stdout.splitlines()[:3] == [
        "stage pr-fast: starts on pull_request, merge_group",
        "  tier fast: 8 tests, by not integration",
        "  2 runs: Python 3.11, each in 2 shards",
    ]
    assert fault.stdout.startswith("W01: a pipe swallows the exit code\n")
    assert nothing.stderr == (
        "error: there is no stage pr-fats [usage]\n  stages: pr-fast, nightly\n  faults: W01 to W20\n\n"
        "hint: handrail ci explain pr-fast\n"
    )


def test_the_impact_tells_flaky_runs_from_real_failures(shop: Project) -> None:
    shop.put("test_b.py", "import os\ndef test_b(): assert os.environ.get('WEATHER') != 'bad'\n")
    committed(shop)
    for weather in ("bad", "good"):
        shop.run("--tier", "fast", WEATHER=weather)

    found = shop.command("handrail", "report", "--ci-impact", "--since", "HEAD", "--format", "json")
    wrong = shop.command("handrail", "report", "--ci-impact", "--since", "nobody")

    after = json.loads(found.stdout)["after"]
    assert (after["runs"], after["counts"]["flaky"], after["counts"]["real"]) == (2, 1, 0)
    assert list(after["usual_s"]) == ["pr-fast"]
    assert wrong.returncode == 3
    assert wrong.stderr.startswith("error: neither a day nor a commit: nobody [usage]\n")
    assert wrong.stderr.endswith("\n\nhint: --since 2026-11-30, or a tag, a branch, a commit\n")
