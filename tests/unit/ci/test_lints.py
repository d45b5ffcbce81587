"""Each fault is found where it is planted, in its line; what only looks like it is not."""

import sys
from textwrap import dedent

import pytest

from handrail.ci.catalogue import FAULTS
from handrail.ci.linting import lint
from handrail.ci.tree import NoYamlError

CLEAN = """\
name: clean
on:
  push:
permissions: {}
jobs:
  tests:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - run: pytest
"""


def steps(text: str, *, on: str = "push:", job: str = "", more: str = "") -> str:
    """A workflow of one job without other faults; its first step is in line 9 or below."""
    return (
        f"on:\n  {on}\npermissions: {{}}\nconcurrency: one\njobs:\n  tests:\n    runs-on: x\n    timeout-minutes: 5\n"
        + (dedent(job).replace("\n", "\n    ").join(["    ", ""]).rstrip() + "\n" if job else "")
        + "    steps:\n"
        + "".join(f"      {line}\n" for line in dedent(text).strip().splitlines())
        + dedent(more)
    )


def found(text: str, **others: str) -> list[tuple[str, int]]:
    files = {"a.yml": dedent(text), **{f"{name}.yml": each for name, each in others.items()}}
    return [(each.code, each.line) for each in lint(files).findings if each.path == "a.yml"]


SHA = "0123456789012345678901234567890123456789"
CHECKOUT = f"- uses: actions/checkout@{SHA} # v5"
MATRIX = "strategy:\n  matrix:\n    n: [1, 2, 3]"
JUDGE = """
  verdict:
    needs: [tests]
    {condition}
    runs-on: x
    timeout-minutes: 1
    steps:
      - run: {script}
"""


def judged(condition: str, script: str) -> str:
    return steps("- run: pytest") + JUDGE.format(condition=condition, script=script).lstrip("\n")


PLANTED = [
    ("W01", 10, steps("- run: pytest | tee log")),
    ("W01", 12, steps("- run: |\n    cd x\n    uv run python -m pytest -q 2>&1 | tail")),
    ("W01", 12, steps("- parallel:\n    - name: a\n      run: pytest | cat")),
    ("W02", 11, judged("if: github.ref != ''", "echo fine")),
    ("W02", 11, judged("if: always()", "test '${{ contains(needs.*.result, ''failure'') }}' = false")),
    ("W03", 13, steps("- run: pytest --splits 4 --group ${{ matrix.n }}", job=MATRIX)),
    ("W03", 13, steps("- run: handrail run --shard $N/4\n  env:\n    N: ${{ matrix.n }}", job=MATRIX)),
    ("W03", 10, steps("- run: handrail report merge shards/*/")),
    ("W04", 10, steps("- uses: actions/setup-python@v6")),
    ("W04", 10, steps("- uses: docker://alpine:3")),
    ("W05", 10, steps(f"{CHECKOUT}\n  with:\n    ref: ${{{{ github.event.pull_request.head.sha }}}}\n    persist-credentials: false", on="pull_request_target:")),
    ("W05", 10, steps("- run: gh pr checkout 1", on="issue_comment:")),
    ("W06", 11, steps('- run: |\n    echo "${{ github.event.pull_request.title }}"')),
    ("W06", 10, steps("- run: git switch ${{ github.head_ref }}")),
    ("W07", 6, "on: push\npermissions: {}\njobs:\n  a: {runs-on: x, timeout-minutes: 1, steps: [{run: a}]}\n\n  b:\n    runs-on: x\n    steps:\n      - run: a\n"),
    ("W08", 1, CLEAN.replace("name: clean\n", "").replace("push", "pull_request")),
    ("W09", 5, CLEAN.replace("permissions: {}\n", "")),
    ("W09", 4, CLEAN.replace("permissions: {}", "permissions: write-all")),
    ("W09", 10, steps(CHECKOUT)),
    ("W10", 11, steps("- run: pytest", job="strategy:\n  matrix:\n    python: [3.9, 3.10]")),
    ("W10", 12, steps(f"- uses: actions/setup-python@{SHA}\n  with:\n    python-version: 3.10")),
    ("W11", 10, steps("- runn: a")),
    ("W11", 13, steps("- run: echo ${{ matrix.m }}", job=MATRIX)),
    ("W11", 9, steps("- run: a", job="needs: [nobody]")),
    ("W11", 2, "on: [push\njobs: }"),
    ("W12", 13, steps(f"- uses: actions/upload-artifact@{SHA} # v4.6.2\n  with:\n    name: report\n    path: a", job=MATRIX)),
    ("W12", 10, steps(f"- uses: actions/upload-artifact@{SHA} # v4.6.2\n  with:\n    path: .coverage")),
    ("W12", 10, steps(f"- uses: actions/upload-artifact@{SHA} # v5\n  with:\n    path: |\n      a.txt\n      parts/.coverage.*")),
    ("W13", 14, steps(f"{CHECKOUT}\n  with:\n    ref: ${{{{ github.head_ref }}}}\n    persist-credentials: false\n- uses: actions/cache@{SHA} # v4", on="pull_request_target:")),
    ("W15", 3, steps("- run: a", on="schedule:\n    - cron: '0 3 * * *'\n  workflow_dispatch:")),
    ("W15", 2, steps("- run: a", on="schedule:\n    - cron: '7 3 * * *'")),
    ("W16", 11, steps("- run: pytest\n  continue-on-error: true")),
    ("W16", 9, steps("- run: pytest", job="continue-on-error: true")),
    ("W16", 10, steps("- run: tox -e py || true")),
    ("W17", 10, steps(f"- uses: nick-fields/retry@{SHA}\n  with:\n    command: pytest")),
    ("W17", 10, steps("- run: pytest --reruns 3")),
    ("W17", 11, steps("- run: |\n    for i in 1 2 3; do pytest && break; done")),
]  # fmt: skip
NEAR_MISSES = [
    ("W01", steps("- run: |\n    set -o pipefail\n    pytest | tee log")),
    ("W01", steps("- run: pytest | tee log\n  shell: bash")),
    ("W01", steps("- run: echo pytest | tee log; pip install pytest | cat; grep 'pytest | tee' x")),
    ("W01", steps('- run: |\n    pytest | tee log\n    exit "${PIPESTATUS[0]}"')),
    ("W02", judged("if: always()", "test '${{ needs.tests.result }}' = success")),
    ("W02", judged("if: always()", "exit ${{ contains(needs.*.result, 'failure') || contains(needs.*.result, 'skipped') }}")),
    ("W03", steps("- run: pytest --splits 3 --group ${{ matrix.n }}", job=MATRIX)),
    ("W03", steps("- run: pytest --splits 3 --group ${{ matrix.n }}", job=MATRIX.replace("1, 2, 3", "0, 1, 2"))),
    ("W03", steps("- run: handrail report merge shards/*/ --expect 3")),
    ("W04", steps(f"- uses: actions/setup-python@{SHA} # v6\n- uses: ./local\n- uses: $/")),
    ("W05", steps(f"{CHECKOUT}\n  with:\n    persist-credentials: false", on="pull_request_target:")),
    ("W05", steps("- run: gh pr checkout 1", on="pull_request:")),
    ("W06", steps("- run: echo ${{ github.event.pull_request.number }} ${{ github.event.repository.name }}")),
    ("W06", steps("- run: echo $TITLE\n  env:\n    TITLE: ${{ github.event.pull_request.title }}")),
    ("W07", "on: push\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n"),
    ("W08", CLEAN),
    ("W08", "on: pull_request\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n"),
    ("W09", steps(f"{CHECKOUT}\n- run: git push")),
    ("W09", steps(f"{CHECKOUT}\n  with:\n    persist-credentials: true")),
    ("W10", steps("- run: pytest", job='strategy:\n  matrix:\n    python: [3.9, "3.10", 3.11]')),
    ("W11", steps("- run: echo ${{ matrix.M }} 'matrix.x'", job="strategy:\n  matrix:\n    include:\n      - m: 1")),
    ("W11", steps("- run: echo ${{ matrix.m }}", job="strategy:\n  matrix: ${{ fromJSON(inputs.matrix) }}")),
    ("W11", steps("- run: a\n  something-new: 1\n  background: true")),
    ("W12", steps(f"- uses: actions/upload-artifact@{SHA} # v4.6.2\n  with:\n    name: report-${{{{ matrix.n }}}}\n    path: ./a/../b.txt", job=MATRIX)),
    ("W12", steps(f"- uses: actions/upload-artifact@{SHA} # v3.1.0\n  with:\n    path: .coverage", job=MATRIX)),
    ("W12", steps(f"- uses: actions/upload-artifact@{SHA} # v5\n  with:\n    path: .handrail/runs/")),
    ("W13", steps(f"- uses: actions/cache@{SHA} # v4", on="pull_request_target:")),
    ("W15", steps("- run: a", on="schedule:\n    - cron: '7 3 * * *'\n  workflow_dispatch:")),
    ("W16", steps("- run: ruff check || true\n- run: pytest\n  continue-on-error: ${{ matrix.is_new }}")),
    ("W16", steps("- run: pytest || exit 1")),
    ("W17", steps("- run: pytest --reruns 3 --only-rerun ConnectionError")),
    ("W17", steps(f"- uses: nick-fields/retry@{SHA}\n  with:\n    command: pip install pytest")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "line", "text"), PLANTED)
def test_a_planted_fault_is_found_in_its_line_and_nothing_else_is(
    code: str, line: int, text: str
) -> None:
    assert (code, line) in found(text)
    also = {"W13": {"W05"}}.get(code, set())
    assert {each for each, _ in found(text)} - {"W04", "W09"} - also <= {code}


@pytest.mark.parametrize(("code", "text"), NEAR_MISSES)
def test_what_only_looks_like_a_fault_is_not_one(code: str, text: str) -> None:
    assert code not in [each for each, _ in found(text)]


def test_every_lint_has_a_planted_fault_and_a_near_miss() -> None:
    wanted = {f"W{number:02}" for number in range(1, 18)} - {"W14"}

    assert ({code for code, _, _ in PLANTED}, {code for code, _ in NEAR_MISSES}) == (wanted, wanted)
    assert [*FAULTS] == [f"W{number:02}" for number in range(1, 21)]


def test_tests_that_the_merge_queue_waits_for_are_found_where_there_is_one() -> None:
    tests = CLEAN.replace("push:", "pull_request:") + "concurrency: one\n"
    queue = CLEAN.replace("push:", "merge_group:")

    assert found(tests, other=queue) == [("W14", 2)]
    assert found(tests, other=CLEAN) == []
    assert found(tests.replace("pytest", "ruff check"), other=queue) == []


def test_a_clean_workflow_has_no_fault() -> None:
    assert found(CLEAN) == []


@pytest.mark.parametrize(
    "text",
    [
        CLEAN.replace("  tests:\n", "  tests: # handrail: ignore[W07]\n").replace("    timeout-minutes: 5\n", ""),
        CLEAN.replace("  tests:\n", "  # handrail: ignore[W01, W07] it hangs on purpose\n  tests:\n").replace("    timeout-minutes: 5\n", ""),
    ],
)  # fmt: skip
def test_a_comment_excuses_one_fault_and_is_counted(text: str) -> None:
    linted = lint({"a.yml": text})

    assert (linted.findings, linted.ignored) == ((), 1)


def test_a_comment_excuses_no_other_fault() -> None:
    text = CLEAN.replace("  tests:\n", "  tests: # handrail: ignore[W01]\n").replace("    timeout-minutes: 5\n", "")  # fmt: skip

    assert found(text) == [("W07", 6)]


@pytest.mark.parametrize(
    "text",
    ["a: &a\n  b: *a\n", "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)), "? [a]\n: b\n", "\t", ""],
)  # fmt: skip
def test_hostile_files_are_findings_and_end_soon(text: str) -> None:
    assert [code for code, _ in found(text)] == ["W11"]


def test_without_pyyaml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)

    with pytest.raises(NoYamlError) as error:
        lint({"a.yml": CLEAN})

    assert error.value.text() == (
        "error: workflows are read with PyYAML, which is not installed [no-yaml]\n\n"
        "hint: pip install 'handrail[ci]'"
    )


def of_gitlab(text: str) -> list[tuple[str, int]]:
    found = lint({".gitlab-ci.yml": dedent(text).lstrip()}).findings
    return [(each.code, each.line) for each in found]


def test_faults_in_jobs_of_gitlab_are_found_in_their_lines() -> None:
    text = """
        stages: [test]
        tests:
          retry: 2
          allow_failure: true
          parallel:
            matrix:
              - PYTHON: [3.9, 3.10]
          script:
            - pip install .
            - |-
              cd x
              pytest || true
    """

    assert of_gitlab(text) == [("W17", 3), ("W16", 4), ("W10", 7), ("W16", 12)]


def test_what_only_looks_like_a_fault_in_jobs_of_gitlab_is_not_one() -> None:
    text = """
        default:
          retry: 2
        variables:
          LIMIT: 3.10
        lint:
          retry: 2
          allow_failure: true
          script: [ruff check || true]
        tests:
          retry: {max: 1, exit_codes: [2]}
          variables: {RATE: 1.50}
          script:
            - pytest | tee log
            - [!reference [.setup, script]]
    """

    assert of_gitlab(text) == []
