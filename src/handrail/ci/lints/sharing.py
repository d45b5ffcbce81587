"""Shards that count as a success without having run (W02, W03)."""

import re
from collections.abc import Iterator

from handrail.ci.shell import Command, is_test
from handrail.ci.workflows import EXPRESSION, Finding, Job, Step, Workflow, cells, expressions

_JUDGES = re.compile(
    r"(^|[-_ ])(verdict|all|gate|required?|success|green|pass(ed)?|done|complete|conclusion|ok|status)($|[-_ ])",
    re.IGNORECASE,
)
_WAITS = re.compile(r"always\(\)|cancelled\(\)|failure\(\)")
_RESULT = re.compile(r"needs\.[\w*-]+\.result|toJSON\(\s*needs\s*\)", re.IGNORECASE)


def skipped(workflow: Workflow) -> Iterator[Finding]:
    """W02: a job that judges others is skipped with them, or takes skipped for good."""
    for job in workflow.jobs:
        if not job.needs or not _is_judge(job):
            continue
        line = job.line
        if not _WAITS.search(job.table.text("if")):
            yield Finding(
                code="W02",
                path=workflow.path,
                line=line,
                what=f"job {job.id} is skipped when a job that it needs fails, "
                "and a required check that is skipped counts as a success",
                fix="if: ${{ always() }}, and compare needs.*.result with success",
            )
        elif _takes_skipped(job):
            yield Finding(
                code="W02",
                path=workflow.path,
                line=line,
                what=f"job {job.id} looks for failures only: a job that was skipped counts as a success",
                fix="compare each needs.*.result with success",
            )


def _is_judge(job: Job) -> bool:
    """Whether it does nothing else: its name says so, and it neither fetches nor calls anything."""
    uses = [step.action for step in job.steps if step.action]
    is_small = len(job.steps) <= 3 and all("alls-green" in use for use in uses)
    has_work = any(step.tests() for step in job.steps)
    return bool(_JUDGES.search(job.id)) and bool(job.steps) and is_small and not has_work


def _takes_skipped(job: Job) -> bool:
    found = " ".join(text for text, _ in expressions(job.table))
    if not _RESULT.search(found) or any("alls-green" in step.action for step in job.steps):
        return False
    whole = found + " ".join(step.script for step in job.steps)
    return "failure" in whole and "success" not in whole and "skipped" not in whole


def missing(workflow: Workflow) -> Iterator[Finding]:
    """W03: the matrix has fewer cells than the tests have parts, or nobody counts the parts."""
    for job, step in workflow.steps:
        for command in step.commands():
            if is_test(command.words):
                yield from _uncovered(workflow, job, step, command)
            if _is_merge(command) and not any(w.startswith("--expect") for w in command.words):
                yield Finding(
                    code="W03",
                    path=workflow.path,
                    line=step.line_in(command),
                    what="nobody counts the runs that are merged: a Python that never ran is not missed",
                    fix="handrail report merge ... --expect N",
                )


def _is_merge(command: Command) -> bool:
    words = " ".join(command.words)
    return "handrail report merge" in words


def _uncovered(workflow: Workflow, job: Job, step: Step, command: Command) -> Iterator[Finding]:
    made = cells(job)
    found = shard_of(command, step, job)
    if found is None or made is None:
        return
    number, total = found
    numbers, totals = set(), set()
    for cell in made:
        numbers.add(filled(number, cell))
        totals.add(filled(total, cell))
    if len(totals) != 1 or not all(each.isdecimal() for each in numbers | totals):
        return
    of = int(totals.pop())
    first = 0 if "0" in numbers else 1
    lacking = sorted(set(range(first, of + first)) - {int(each) for each in numbers})
    if lacking:
        shown = ", ".join(map(str, lacking))
        yield Finding(
            code="W03",
            path=workflow.path,
            line=step.line_in(command),
            what=f"no cell of job {job.id} runs part {shown} of {of}: its tests never run",
            fix=f"give the matrix {of} parts, or the command as many as the matrix has",
        )


def shard_of(command: Command, step: Step, job: Job) -> tuple[str, str] | None:
    """Number and total of the part that a command runs, with expressions of the matrix left in."""
    words = [_with_environ(word.strip("\"'"), step, job) for word in command.words]
    joined = " ".join(words)
    if found := re.search(r"--shard[= ](\S+?|\$\{\{.*?\}\})/(\S+|\$\{\{.*?\}\})(?= |$)", joined):
        return found[1], found[2]
    total = re.search(r"--splits[= ](\$\{\{.*?\}\}|\S+)", joined)
    number = re.search(r"--group[= ](\$\{\{.*?\}\}|\S+)", joined)
    return (number[1], total[1]) if number and total else None


def _with_environ(word: str, step: Step, job: Job) -> str:
    """``$SHARD`` as the step or the job sets it."""
    for table in (step.table.table("env"), job.table.table("env")):
        for name in table.names():
            word = re.sub(rf"\$(\{{{name}\}}|{name}\b)", lambda _, n=name: table.text(n), word)  # type: ignore[misc]  # noqa: B023
    return word.replace('"', "")


def filled(text: str, cell: dict[str, str]) -> str:
    """The text in one cell of the matrix."""

    def value(found: "re.Match[str]") -> str:
        name = found[1].strip()
        return cell.get(name.removeprefix("matrix."), found[0])

    return EXPRESSION.sub(value, text)
