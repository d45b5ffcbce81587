"""What a stage is once nothing is left open, and stages that cannot be."""

import pytest
from made_projects import PINS, SHOP, STAGES, TIERS, stages

from handrail.ci.project import Project, admitted, install_command
from handrail.ci.stages import StageError


def test_a_stage_is_ended_after_its_budget_and_what_it_takes_to_install() -> None:
    (job, *_) = stages('[tool.handrail]\nci-install-time = "90s"\n' + TIERS + STAGES).jobs

    assert (job.budget_s, job.install_s, job.timeout_minutes) == (300, 90, 7)


def test_before_a_merge_the_oldest_and_the_newest_python_after_it_all() -> None:
    text = (
        '[tool.handrail.stages.a]\non = ["pull_request"]\n[tool.handrail.stages.b]\non = ["push"]'
    )

    assert [job.python for job in stages(text).jobs] == [("3.11", "3.13"), ("3.11", "3.12", "3.13")]


def test_a_schedule_can_be_started_by_hand_and_never_begins_at_the_first_minute() -> None:
    for name in ("nightly", "a", "b", "weekly", "soak"):
        (job,) = stages(f'[tool.handrail.stages.{name}]\non = ["schedule"]').jobs

        assert "workflow_dispatch" in job.on
        minute, *_, day = job.cron.split()
        assert 0 < int(minute) < 60
        assert day == ("0" if name in {"weekly", "soak"} else "*")


def test_without_configured_stages_there_are_those_that_have_tests() -> None:
    project = Project(marks=frozenset({"integration", "soak", "infrastructure"}))

    found = {job.name: job.tiers for job in stages("", project).jobs}

    assert found == {
        "pr-fast": ("fast",),
        "pr-full": ("fast", "integration"),
        "post-merge": ("fast", "integration"),
        "nightly": ("fast", "integration"),
        "soak": ("soak",),
    }


def test_a_usual_stage_that_cannot_be_is_left_out_with_the_reason() -> None:
    found = stages("", Project(marks=frozenset({"chaos"})))

    assert [job.name for job in found.jobs] == ["pr-fast", "post-merge", "nightly"]
    assert found.notes == (
        (
            "no stage chaos: gate destructive is opened by a person at a terminal, and a job has none; "
            'write require = "flag" into [tool.handrail.gates.destructive]: the environment destructive '
            "of the workflow then asks a person"
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[tool.handrail.stages.pr]\non = ["pull_requests"]',
            (
                "error: no event is named pull_requests [stage]\n"
                "  stage pr: on\n"
                "  events: pull_request, merge_group, push, schedule, workflow_dispatch\n\n"
                'hint: write "pull_request"'
            ),
        ),
        (
            TIERS + '[tool.handrail.stages.x]\non = ["push"]\ntiers = ["fast", "chaos"]',
            (
                "error: what is behind the gate destructive must not start by itself [stage]\n"
                "  stage x: tiers behind it: chaos; on: push\n\n"
                'hint: write on = ["workflow_dispatch"], or give these tiers a stage of their own'
            ),
        ),
        (
            '[tool.handrail.stages.x]\ntiers = ["chaos"]',
            (
                "error: gate destructive is opened by a person at a terminal, and a job has none [stage]\n"
                "  stage x: tiers behind it: chaos\n\n"
                'hint: write require = "flag" into [tool.handrail.gates.destructive]: the environment '
                "destructive of the workflow then asks a person"
            ),
        ),
        (
            (
                '[tool.handrail.tiers.fast]\n[tool.handrail.tiers.a]\nnever-on = ["ci"]\n'
                '[tool.handrail.stages.x]\ntiers = ["a"]'
            ),
            (
                "error: tier a never runs there [stage]\n"
                '  stage x: never-on = ["ci"]\n\n'
                "hint: remove a from the stage, or ci from never-on"
            ),
        ),
        (
            (
                '[tool.handrail.tiers.fast]\nnever-on = ["scheduled"]\n'
                '[tool.handrail.stages.x]\non = ["push", "schedule"]'
            ),
            (
                "error: tier fast never runs there [stage]\n"
                '  stage x: never-on = ["scheduled"]\n\n'
                "hint: remove fast from the stage, or scheduled from never-on"
            ),
        ),
        (
            (
                '[tool.handrail]\ndefault-tier = "${{ x }}"\n[tool.handrail.tiers."${{ x }}"]\n'
                "[tool.handrail.stages.x]"
            ),
            (
                "error: the name '${{ x }}' cannot stand in a workflow [stage]\n"
                "  stage 'x'\n\n"
                "hint: rename it: no line breaks, no control characters, no ${{"
            ),
        ),
        (
            '[tool.handrail.stages."a b"]\n[tool.handrail.stages.a-b]',
            (
                "error: the stages a b and a-b would have one file [stage]\n"
                "  its name: a-b\n\n"
                "hint: rename a-b"
            ),
        ),
    ],
)
def test_a_stage_that_cannot_be_is_an_error_that_says_why(text: str, message: str) -> None:
    with pytest.raises(StageError) as found:
        stages(text)

    assert found.value.text() == message


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ("", "3.11 3.12 3.13 3.14"),
        (">=3.12", "3.12 3.13 3.14"),
        (">=3.9,<3.13", "3.11 3.12"),
        (">3.11,!=3.13.*", "3.12 3.14"),
        ("~=3.12", "3.12 3.13 3.14"),
        ("~=3.12.1", "3.12"),
        ("==3.*", "3.11 3.12 3.13 3.14"),
        ("<3.13.2, >=3.12.4", "3.12 3.13"),
        ("==3.13.1", "3.13"),
        ("<3", "3.14"),
    ],
)
def test_requires_python_decides_which_pythons_there_are(requires: str, expected: str) -> None:
    assert " ".join(admitted(requires, PINS.pythons)) == expected


@pytest.mark.parametrize(
    ("document", "names", "command"),
    [
        ({}, [], "python -m pip install handrail"),
        ({"project": {"name": "a"}}, [], "python -m pip install --editable . handrail"),
        (
            {"project": {"name": "a"}, "dependency-groups": {"dev": ["handrail>=0.1"]}},
            [],
            "python -m pip install --editable . --group dev",
        ),
        (
            {"project": {"name": "a", "optional-dependencies": {"test": ["pytest"]}}},
            ["requirements.txt"],
            "python -m pip install --editable '.[test]' handrail",
        ),
        ({}, ["setup.py", "requirements.txt"], "python -m pip install --editable . -r requirements.txt handrail"),
        (
            {"project": {"name": "a", "dependencies": ["Handrail"]}},
            ["uv.lock"],
            ("python -m pip install uv && UV_PROJECT_ENVIRONMENT=\"$(python -c 'import sys; "
            "print(sys.prefix)')\" uv sync --locked --inexact --all-groups"),
        ),
    ],
)  # fmt: skip
def test_the_project_is_installed_as_its_files_say(
    document: dict[str, object], names: list[str], command: str
) -> None:
    assert install_command(document, names) == command


def test_the_jobs_of_a_stage_are_counted() -> None:
    assert [job.cells for job in stages(TIERS + STAGES, SHOP).jobs] == [4, 1, 1]
