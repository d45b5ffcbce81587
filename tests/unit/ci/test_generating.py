"""The files of each provider: compared with golden ones, and with what public linters say."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from made_projects import PINS, SHOP, STAGES, TIERS, generated

from handrail import __version__
from handrail.ci.generating import ForeignFileError, changes, files
from handrail.ci.stages import staged
from handrail.model.tiers import Settings, Stage, Tier

GOLDEN = Path(__file__).parents[2] / "golden" / "ci"
BOTH = [(provider, path) for provider in ("github", "gitlab") for path in generated(TIERS + STAGES, provider)]  # fmt: skip
SCRIPTS = Path(sys.executable).parent


@pytest.mark.parametrize(("provider", "path"), BOTH)
def test_a_generated_file_is_as_a_person_read_it(provider: str, path: str) -> None:
    text = generated(TIERS + STAGES, provider)[path].replace(f" {__version__} ", " VERSION ")

    golden = GOLDEN / path.replace("/", "-").lstrip(".")
    if os.environ.get("HANDRAIL_ACCEPT") == "1":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_same_stages_give_the_same_files_and_others_give_another_hash() -> None:
    once, again = generated(TIERS + STAGES), generated(TIERS + STAGES)
    other = generated(TIERS + STAGES.replace('"5m"', '"6m"'))

    assert once == again
    (path,) = (each for each in once if once[each] != other[each])
    assert path == ".github/workflows/handrail-pr-fast.yml"
    assert once[path].splitlines()[2] != other[path].splitlines()[2]


NAMES = st.text(min_size=1, max_size=20).filter(
    lambda text: text.strip() and text.isprintable() and "${{" not in text
)


@given(name=NAMES, tier=NAMES, provider=st.sampled_from(["github", "gitlab"]))
@example(name="a] # {", tier="a'; rm -rf /", provider="github")
@example(name="include", tier="a: b # c", provider="gitlab")
@example(name="1.0", tier="$(x)", provider="github")
def test_names_are_never_taken_for_keys_or_commands(name: str, tier: str, provider: str) -> None:
    settings = Settings(
        default_tier=tier, tiers=(Tier(name=tier),), stages=(Stage(name=name, on=("push",)),)
    )
    found = staged(settings, SHOP, PINS)

    (text,) = (text for path, text in files(provider, found, SHOP, PINS).items() if path.rpartition("/")[2].startswith("handrail-"))  # fmt: skip

    document = yaml.safe_load(text)
    tests = document["jobs"]["tests"] if provider == "github" else next(iter(document.values()))
    scripts = [step["run"] for step in tests["steps"] if "run" in step] if provider == "github" else tests["script"]  # fmt: skip
    assert shlex.split(scripts[-1])[:4] == ["handrail", "run", "--tier", tier]
    assert len(document) == (5 if provider == "github" else 2)
    assert all(isinstance(key, str) or key is True for key in document)


def test_no_expression_of_an_event_is_in_a_script() -> None:
    for text in generated(TIERS + STAGES).values():
        for job in yaml.safe_load(text).get("jobs", {}).values():
            assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == []


def test_every_action_is_pinned_and_may_do_nothing_but_read() -> None:
    for path, text in generated(TIERS + STAGES).items():
        if "workflows" not in path:
            continue
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            assert job["permissions"] == {"contents": "read"}
            uses = [step["uses"] for step in job["steps"] if "uses" in step]
            assert all(len(use.partition("@")[2]) == 40 for use in uses)


def test_only_what_differs_is_due_and_what_belongs_to_no_stage_is_left_over() -> None:
    wanted = generated(TIERS + STAGES)
    there = {**wanted, ".github/workflows/ci.yml": "name: mine"}
    there[".github/workflows/handrail-old.yml"] = there[".github/workflows/handrail-nightly.yml"]
    there[".github/workflows/handrail-nightly.yml"] += "# edited"

    found = {each.path: each.text is None for each in changes(wanted, there) if each.is_due}

    assert found == {
        ".github/workflows/handrail-nightly.yml": False,
        ".github/workflows/handrail-old.yml": True,
    }


def test_what_somebody_wrote_is_never_overwritten() -> None:
    wanted = generated(TIERS + STAGES, "gitlab")

    with pytest.raises(ForeignFileError) as found:
        changes(wanted, {".gitlab-ci.yml": "stages: [test]"})

    assert found.value.text() == (
        "error: a file that was not generated is in the way; nothing was written [foreign-file]\n"
        "  .gitlab-ci.yml\n\n"
        "hint: move what it has into a file of its own and include that; ours includes: "
        ".gitlab/handrail-pr-fast.yml, .gitlab/handrail-nightly.yml, .gitlab/handrail-chaos.yml"
    )


def test_a_dependency_update_file_that_somebody_wrote_stays_as_it_is() -> None:
    wanted = generated(TIERS + STAGES)

    found = changes(wanted, {".github/dependabot.yml": "version: 2"})

    assert ".github/dependabot.yml" not in [each.path for each in found]


@pytest.mark.slow
def test_the_strictest_persona_of_zizmor_finds_nothing(tmp_path: Path) -> None:
    command = _public("zizmor")
    _written(tmp_path, "github")

    done = subprocess.run(
        [command, "--offline", "--no-progress", "--persona=auditor", "--format=plain", "."],
        cwd=tmp_path, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("provider", "schema", "pattern"),
    [
        ("github", "github-workflows", ".github/workflows/*.yml"),
        ("github", "dependabot", ".github/dependabot.yml"),
        ("gitlab", "gitlab-ci", ".gitlab*/*.yml"),
        ("gitlab", "gitlab-ci", ".gitlab-ci.yml"),
    ],
)
def test_generated_files_are_as_their_public_schema_says(
    provider: str, schema: str, pattern: str, tmp_path: Path
) -> None:
    command = _public("check-jsonschema")
    _written(tmp_path, provider)
    paths = sorted(map(str, tmp_path.glob(pattern)))

    done = subprocess.run(
        [command, "--builtin-schema", f"vendor.{schema}", *paths],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert (bool(paths), done.returncode, done.stdout) == (True, 0, "ok -- validation done\n")


def _public(name: str) -> str:
    path = SCRIPTS / name
    if not path.exists():
        pytest.skip(f"{name} is not installed")
    return str(path)


def _written(root: Path, provider: str) -> None:
    for path, text in generated(TIERS + STAGES, provider).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
