"""What is left out, misspelt or mistaken for a number (W07, W08, W10, W11, W12, W14, W15)."""

import re
from collections.abc import Iterator, Sequence

from handrail.ci.tree import Row, Table, texts
from handrail.ci.workflows import Finding, Job, Step, Workflow, cells, expressions
from handrail.config.nearest import nearest

_WORKFLOW = ("name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs")
_JOB = (
    "name", "permissions", "needs", "if", "runs-on", "snapshot", "environment", "concurrency", "outputs", "env",
    "defaults", "steps", "timeout-minutes", "strategy", "continue-on-error", "container", "services", "uses",
    "with", "secrets",
)  # fmt: skip
_STEP = (
    "id", "if", "name", "uses", "run", "shell", "with", "env", "continue-on-error", "timeout-minutes",
    "working-directory", "background", "wait", "wait-all", "cancel", "parallel",
)  # fmt: skip
_STRATEGY = ("matrix", "fail-fast", "max-parallel")
_LOSES = re.compile(r"\d+\.\d*0")
_MATRIX = re.compile(r"(?<![\w.'-])matrix\.([A-Za-z_][\w-]*)")
_NEEDS = re.compile(r"(?<![\w.'-])needs\.([A-Za-z_][\w-]*)\.")
_QUOTED = re.compile(r"'[^']*'")
_WILD = re.compile(r"[*?\[]")
_VERSION = re.compile(r"v(\d+)(?:\.(\d+))?")
_DIFFERS = re.compile(r"matrix|strategy\.job|env\.|steps\.|inputs\.|runner\.|needs\.|github\.job\b")


def timeless(workflow: Workflow) -> Iterator[Finding]:
    """W07: a job without a limit of time hangs for six hours."""
    for job in workflow.jobs:
        steps = job.steps
        is_bounded = all(step.table.get("timeout-minutes") for step in steps)
        if steps and not job.table.get("timeout-minutes") and not is_bounded:
            yield Finding(
                code="W07",
                path=workflow.path,
                line=job.line,
                what=f"job {job.id} has no time-out: when it hangs, it hangs for 6 hours",
                fix="timeout-minutes: 15 at the job",
            )


def crowded(workflow: Workflow) -> Iterator[Finding]:
    """W08: every push to a pull request starts a run, and none ends the one before."""
    if "pull_request" not in workflow.events or workflow.root.get("concurrency"):
        return
    own = [job for job in workflow.jobs if job.steps]  # a workflow that is called has groups itself
    if not all(job.table.get("concurrency") for job in own):
        yield Finding(
            code="W08",
            path=workflow.path,
            line=workflow.root.line_of("on"),
            what="runs of the same pull request do not end each other",
            fix="concurrency: group: ${{ github.workflow }}-${{ github.ref }}, with cancel-in-progress",
        )


def rounded(workflow: Workflow) -> Iterator[Finding]:
    """W10: 3.10 without quotes is 3.1."""
    for job in workflow.jobs:
        places = [job.matrix, *(step.table.get("with") for step in job.steps)]
        for key, found in (each for place in places for each in texts(place)):
            if found.is_number and loses_digits(key, found.text):
                yield Finding(
                    code="W10",
                    path=workflow.path,
                    line=found.line,
                    what=f"{found.text} without quotes is the number {float(found.text):g}",
                    fix=f'write "{found.text}"',
                )


def loses_digits(key: str, text: str) -> bool:
    """Whether a version that is read as a number loses its last digit. ``key``: where it stands."""
    is_version = "version" in key.lower() or "python" in key.lower() or text.startswith("3.")
    return is_version and bool(_LOSES.fullmatch(text))


def misspelt(workflow: Workflow) -> Iterator[Finding]:
    """W11: a key that does not exist, a name that nothing defines."""
    yield from _unknown(workflow, workflow.root, _WORKFLOW, "a workflow")
    for job in workflow.jobs:
        yield from _unknown(workflow, job.table, _JOB, "a job")
        yield from _unknown(workflow, job.table.table("strategy"), _STRATEGY, "a strategy")
        for step in job.steps:
            yield from _unknown(workflow, step.table, _STEP, "a step")
        yield from _undefined(workflow, job)


def _unknown(
    workflow: Workflow, table: Table, known: Sequence[str], what: str
) -> Iterator[Finding]:
    """Only what looks like a known key: GitHub adds new ones."""
    for key, _ in table.items:
        near = "" if key.text in known else nearest(key.text, known)
        if near:
            yield Finding(
                code="W11",
                path=workflow.path,
                line=key.line,
                what=f"{what} has no key {key.text}",
                fix=f"write {near}",
            )


def _undefined(workflow: Workflow, job: Job) -> Iterator[Finding]:
    ids = {each.id for each in workflow.jobs}
    for name in job.needs:
        if name not in ids:
            yield _nothing(workflow, job.table.line_of("needs"), f"job {name}", ids, name)
    axes = _axes(job)
    waits = {each.lower() for each in job.needs}
    for text, line in expressions(job.table):
        plain = _QUOTED.sub("''", text)
        for name in _MATRIX.findall(plain):
            if axes is not None and name.lower() not in axes:
                yield _nothing(workflow, line, f"matrix.{name}", axes, name)
        for name in _NEEDS.findall(plain):
            if name.lower() not in waits:
                yield _nothing(workflow, line, f"needs.{name}", waits, name)


def _nothing(
    workflow: Workflow, line: int, what: str, known: "set[str] | frozenset[str]", name: str
) -> Finding:
    near = nearest(name, sorted(known))
    return Finding(
        code="W11",
        path=workflow.path,
        line=line,
        what=f"{what} is not defined: it is empty",
        fix=f"write {near}" if near else f"there is: {', '.join(sorted(known)) or 'nothing'}",
    )


def _axes(job: Job) -> set[str] | None:
    """Names that the matrix defines, in lower case; None if that is known only when it runs."""
    matrix = job.matrix
    if matrix is None:
        return set()
    if not isinstance(matrix, Table):
        return None
    names = {name.lower() for name in matrix.names()} - {"include", "exclude"}
    included = matrix.get("include")
    if included is None:
        return names
    if not isinstance(included, Row) or not all(isinstance(e, Table) for e in included.items):
        return None
    for each in included.items:
        names |= {name.lower() for name in each.names()} if isinstance(each, Table) else set()
    return names


def lost(workflow: Workflow) -> Iterator[Finding]:
    """W12: artifacts of one name, and files that begin with a dot."""
    for job, step in workflow.steps:
        if step.action != "actions/upload-artifact":
            continue
        major, minor = _version(workflow, step)
        if major < 4:
            continue
        given = step.table.table("with")
        name = given.text("name") or "artifact"
        if _is_shared(job, step, name):
            yield Finding(
                code="W12",
                path=workflow.path,
                line=step.line,
                what=f"every cell of job {job.id} uploads an artifact {name}: all but one fail or are lost",
                fix=f"name: {name}-${{{{ strategy.job-index }}}}",
            )
        hidden = _hidden(given.text("path"))
        if hidden and (major, minor) >= (4, 4) and given.text("include-hidden-files") != "true":
            yield Finding(
                code="W12",
                path=workflow.path,
                line=step.line,
                what=f"{hidden} begins with a dot and is left out",
                fix="with: include-hidden-files: true",
            )


def _version(workflow: Workflow, step: Step) -> tuple[int, int]:
    line = workflow.comment(step.table.line_of("uses"))
    found = _VERSION.search(line.rpartition("@")[2])
    if found is None:
        return (0, 0)
    return int(found[1]), int(found[2]) if found[2] else 99


def _is_shared(job: Job, step: Step, name: str) -> bool:
    made = cells(job)
    is_many = job.matrix is not None and (made is None or len(made) > 1)
    return is_many and not _DIFFERS.search(name) and "matrix." not in step.table.text("if")


def _hidden(paths: str) -> str:
    """The first path that begins with a dot where the action looks; what lies below it is not asked.

    It begins at the last part before a wildcard: ``.a/b`` and ``.a/b/*`` are found, ``.a`` and ``.a/*`` not.
    """
    for path in (line.strip() for line in paths.splitlines()):
        if path.startswith(("!", "~")):
            continue
        parts = [part for part in path.split("/") if part not in {"", ".", ".."}]
        first = next((n for n, part in enumerate(parts) if _WILD.search(part)), len(parts))
        looked_at = parts[max(0, first - 1) :]
        if any(part.startswith(".") for part in looked_at):
            return path
    return ""


def unqueued(workflow: Workflow, everything: Sequence[Workflow]) -> Iterator[Finding]:
    """W14: others run in the merge queue, these tests do not: it waits for them for ever."""
    has_queue = any("merge_group" in each.events for each in everything)
    events = workflow.events
    is_tested = any(job.has_tests() for job in workflow.jobs)
    if has_queue and is_tested and "pull_request" in events and "merge_group" not in events:
        yield Finding(
            code="W14",
            path=workflow.path,
            line=workflow.root.line_of("on"),
            what="these tests run for pull requests and not in the merge queue that others run in",
            fix="add merge_group: to on",
        )


def scheduled(workflow: Workflow) -> Iterator[Finding]:
    """W15: a schedule at the minute that everybody takes; one that nobody can start by hand."""
    events = workflow.events
    node = events.get("schedule")
    if "schedule" not in events:
        return
    rows = node.items if isinstance(node, Row) else ()
    for each in rows:
        cron = each.text("cron") if isinstance(each, Table) else ""
        if cron.split()[:1] == ["0"]:
            yield Finding(
                code="W15",
                path=workflow.path,
                line=each.line,
                what=f'cron "{cron}" begins with everybody else\'s, late or never',
                fix="another minute than 0",
            )
    if "workflow_dispatch" not in events:
        yield Finding(
            code="W15",
            path=workflow.path,
            line=_line_of(workflow, "schedule"),
            what="what runs by schedule cannot be started by hand",
            fix="add workflow_dispatch: to on",
        )


def _line_of(workflow: Workflow, event: str) -> int:
    found = workflow.root.get("on")
    return found.line_of(event) if isinstance(found, Table) else workflow.root.line_of("on")
