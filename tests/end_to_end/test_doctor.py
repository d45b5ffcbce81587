"""``handrail doctor``: what is wrong, what to type, what can be mended."""

import json
import subprocess

import pytest
from real_runs import Project

pytestmark = pytest.mark.slow


def test_what_can_be_mended_is_mended_when_that_is_asked_for(
    project_with_plugins: Project,
) -> None:
    project = project_with_plugins
    subprocess.run(["git", "init", "-q"], cwd=project.folder, check=True)
    project.put("AGENTS.md", "# Shop\n")

    found = project.command("handrail", "doctor")
    mended = project.command("handrail", "doctor", "--fix")
    left = project.command("handrail", "doctor", "--json")

    assert found.returncode == 1
    assert "D11 problem  git does not ignore the state folder\n" in found.stdout
    assert "             fix: echo .handrail/ >> .gitignore\n" in found.stdout
    assert found.stdout.endswith("17 checks | 1 problem | 1 note | handrail doctor --fix mends 1\n")
    assert mended.returncode == 0
    assert "D11 mended   git does not ignore the state folder\n" in mended.stdout
    assert mended.stdout.endswith("17 checks | 0 problems | 1 note | 1 mended\n")
    (note,) = json.loads(left.stdout)["findings"]
    assert (note["check"], note["weight"]) == ("D16", "note")


def test_a_check_that_there_is_not(project: Project) -> None:
    done = project.command("handrail", "doctor", "D99")

    assert done.returncode == 3
    assert done.stderr.startswith("error: there is no check D99 [usage]\n  checks: D01, D02, ")


def test_a_configuration_that_cannot_be_used_is_a_finding(project: Project) -> None:
    project.put("pyproject.toml", "[tool.handrail]\ntimout = 1\n")

    done = project.command("handrail", "doctor")

    assert done.returncode == 1
    assert "D04 problem  tool.handrail.timout: unknown key; nearest: timeout\n" in done.stdout
