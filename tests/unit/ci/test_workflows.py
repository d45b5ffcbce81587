"""A matrix is expanded as GitHub does it; its own documentation has the example."""

from textwrap import dedent

import pytest

from handrail.ci.linting import parsed
from handrail.ci.workflows import Workflow, cells


def expanded(matrix: str) -> list[dict[str, str]] | None:
    text = f"on: push\njobs:\n  a:\n    strategy:\n      matrix: {matrix}\n"
    found = parsed("a.yml", text)
    assert isinstance(found, Workflow), found
    return cells(found.jobs[0])


def test_what_is_included_joins_cells_or_is_one_of_its_own() -> None:
    matrix = """
          fruit: [apple, pear]
          animal: [cat, dog]
          include:
            - color: green
            - color: pink
              animal: cat
            - fruit: apple
              shape: circle
            - fruit: banana
            - fruit: banana
              animal: cat
    """

    assert expanded("\n" + dedent(matrix).strip("\n").replace("\n", "\n" + " " * 8).join([" " * 8, ""])) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("{n: [1, 2]}", [{"n": "1"}, {"n": "2"}]),
        ("{n: [1, 2], m: [a, b], exclude: [{n: 1}]}", [{"n": "2", "m": "a"}, {"n": "2", "m": "b"}]),
        ("{include: [{n: 1}, {m: 2}]}", [{"n": "1"}, {"m": "2"}]),
        ("{n: []}", []),
        ("'${{ fromJSON(inputs.matrix) }}'", None),
        ("{n: '${{ fromJSON(inputs.n) }}'}", None),
        ("{n: [1, '${{ inputs.n }}']}", None),
        ("{n: [{os: linux}]}", None),
        ("{n: [1], include: '${{ inputs.more }}'}", None),
    ],
)
def test_what_is_known_only_when_it_runs_is_not_guessed(
    matrix: str, expected: list[dict[str, str]] | None
) -> None:
    assert expanded(matrix) == expected


def test_a_job_without_a_matrix_is_one_cell() -> None:
    found = parsed("a.yml", "on: push\njobs:\n  a: {runs-on: x}\n")

    assert isinstance(found, Workflow)
    assert cells(found.jobs[0]) == [{}]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("on: push", ["push"]),
        ("on: [push, pull_request]", ["push", "pull_request"]),
        ("on:\n  push:\n  schedule:\n    - cron: a", ["push", "schedule"]),
        ("name: a", []),
    ],
)
def test_what_starts_a_workflow_is_read_in_all_three_forms(text: str, events: list[str]) -> None:
    found = parsed("a.yml", text)

    assert isinstance(found, Workflow)
    assert list(found.events) == events
