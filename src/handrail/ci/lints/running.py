"""Tests whose failure nobody would see (W01, W16, W17)."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from handrail.ci.shell import Command, commands, is_test, program
from handrail.ci.workflows import Finding, Job, Step, Workflow

_PIPEFAIL = re.compile(r"set\s+-\w*o\s+pipefail|PIPESTATUS|set\s+-o\s+\w+\s+-o\s+pipefail")
_NOTHING = {"true", ":", "echo", "exit", "printf"}
_RETRIES = re.compile(r"^[\w.-]+/[\w.-]*retry[\w.-]*$", re.IGNORECASE)


def pipes(workflow: Workflow) -> Iterator[Finding]:
    """W01: a pipe behind tests has the exit code of its last command."""
    for job, step in workflow.steps:
        if _has_pipefail(workflow, job, step):
            continue
        for command in step.tests():
            if command.then in {"|", "|&"}:
                yield Finding(
                    code="W01",
                    path=workflow.path,
                    line=step.line_in(command),
                    what=f"what {command.words[0]} returns is lost in a pipe: failing tests pass",
                    fix="shell: bash for this step (it sets pipefail), or set -o pipefail above",
                )


def _has_pipefail(workflow: Workflow, job: Job, step: Step) -> bool:
    """GitHub sets it where ``shell: bash`` is written, and not where bash is only the default."""
    defaults = (step.table, job.table.table("defaults").table("run"), workflow.root.table("defaults").table("run"))  # fmt: skip
    shell = next((found for table in defaults if (found := table.text("shell"))), "")
    if _PIPEFAIL.search(step.script) or "pipefail" in shell or shell == "bash":
        return True
    is_windows = "windows" in job.table.text("runs-on")
    return bool(shell and not shell.startswith(("bash", "sh"))) or is_windows


def excused(workflow: Workflow) -> Iterator[Finding]:
    """W16: tests may fail, and the job goes on as if they had not."""
    for job in workflow.jobs:
        if job.has_tests() and job.table.text("continue-on-error") == "true":
            yield _excused(workflow, job.table.line_of("continue-on-error"), f"job {job.id}")
        for step in job.steps:
            tests = step.tests()
            if tests and step.table.text("continue-on-error") == "true":
                yield _excused(workflow, step.table.line_of("continue-on-error"), "this step")
            for command in excused_commands(step.commands()):
                yield Finding(
                    code="W16",
                    path=workflow.path,
                    line=step.line_in(command),
                    what="failing tests are excused by ||",
                    fix="remove what is behind ||; put tests that may fail into quarantine",
                )


def _excused(workflow: Workflow, line: int, who: str) -> Finding:
    return Finding(
        code="W16",
        path=workflow.path,
        line=line,
        what=f"{who} runs tests and goes on when they fail",
        fix="remove continue-on-error; put tests that may fail into quarantine",
    )


def excused_commands(found: Sequence[Command]) -> Iterator[Command]:
    """Tests of a script behind which ``|| true`` stands, or something else that does nothing."""
    for command, after in pairwise(found):
        if command.then == "||" and is_test(command.words) and _does_nothing(after):
            yield command


def _does_nothing(command: Command) -> bool:
    name, *rest = program(command.words) or ("",)
    return name in _NOTHING and not (name == "exit" and rest[:1] != ["0"])


def retried(workflow: Workflow) -> Iterator[Finding]:
    """W17: everything is run again when anything fails, so that what is flaky is never seen."""
    for _, step in workflow.steps:
        given = step.table.table("with")
        inner = given.text("command") or given.text("run")
        is_retrying = _RETRIES.match(step.action) and "retry_on_exit_code" not in given.names()
        if is_retrying and any(is_test(command.words) for command in commands(inner)):
            yield _retried(workflow, step.line, "an action runs all tests again")
        found = step.commands()
        is_loop = any(command.words[0] == "for" for command in found)
        for command, after in zip_longest(found, found[1:]):
            if not is_test(command.words):
                continue
            is_broken_off = after is not None and "break" in after.words
            line = step.line_in(command)
            if command.words[0] == "until" or (is_loop and command.then == "&&" and is_broken_off):
                yield _retried(workflow, line, "a loop runs all tests again")
            elif _reruns_all(command.words):
                yield _retried(workflow, line, "--reruns runs whatever fails again")


def _reruns_all(words: tuple[str, ...]) -> bool:
    has_reruns = any(word == "--reruns" or word.startswith("--reruns=") for word in words)
    return has_reruns and not any(
        word.startswith(("--only-rerun", "--rerun-except")) for word in words
    )


def _retried(workflow: Workflow, line: int, what: str) -> Finding:
    return Finding(
        code="W17",
        path=workflow.path,
        line=line,
        what=f"{what}: flaky tests, and bugs that come and go, are never seen",
        fix="name the tests that may be tried again: [[tool.handrail.overrides]] with retries",
    )
