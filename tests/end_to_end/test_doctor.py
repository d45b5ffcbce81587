"""``handrail doctor``: what is wrong, what to type, what can be mended."""

import json
import subprocess
from textwrap import dedent

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


def test_deep_asks_of_every_test_which_tier_it_is_in(project: Project) -> None:
    project.put("pyproject.toml", TIERS)
    project.write(
        test_shop="""
        import pytest

        def test_fast(): pass

        @pytest.mark.slow
        def test_in_none(): pass

        @pytest.mark.browser
        @pytest.mark.net
        def test_in_two(): pass
        """
    )

    done = project.command("handrail", "doctor", "--deep", "D05")

    assert done.returncode == 1
    assert done.stdout == dedent(
        """\
        D05 problem  1 test is in no tier, so that nothing ever runs them
                     test_shop.py::test_in_none
                     fix: let `select` of a tier say what they have in common; handrail tiers shows all
        D05 note     1 test is in 2 tiers: browser, net
                     test_shop.py::test_in_two
                     fix: add "and not ..." to `select` of net, unless that is meant
        D05 note     tier gpu has no test
                     select = 'gpu'
                     fix: remove [tool.handrail.tiers.gpu], or mark tests for it
        1 check | 1 problem | 2 notes
        """
    )
    assert project.command("handrail", "doctor", "D05").returncode == 0


def test_deep_says_what_pytest_says_if_tests_cannot_be_collected(project: Project) -> None:
    project.put("pyproject.toml", TIERS)
    project.write(test_shop="import nothing_like_it\n")

    done = project.command("handrail", "doctor", "--deep", "D05")

    assert done.returncode == 1
    assert "D05 problem  pytest cannot collect the tests" in done.stdout
    assert "No module named 'nothing_like_it'" in done.stdout
    assert "fix: python -m pytest --collect-only" in done.stdout


TIERS = """
    [tool.handrail]
    default-tier = "fast"
    [tool.handrail.tiers.fast]
    select = "not (slow or browser or net or gpu)"
    [tool.handrail.tiers.browser]
    select = "browser"
    [tool.handrail.tiers.net]
    select = "net"
    [tool.handrail.tiers.gpu]
    select = "gpu"
    [tool.pytest.ini_options]
    markers = ["slow: s", "browser: b", "net: n", "gpu: g"]
    """
