"""What strangers could use (W04, W05, W06, W09, W13)."""

import re
from collections.abc import Iterator

from handrail.ci.tree import Node, Table, Text
from handrail.ci.workflows import EXPRESSION, Finding, Job, Step, Workflow

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_PRIVILEGED = ("pull_request_target", "workflow_run", "issue_comment")
_HEAD = re.compile(
    r"github\.head_ref|github\.event\.(pull_request\.head|workflow_run\.head)|refs/pull/|"
    r"github\.event\.(pull_request\.)?number"
)
_FETCHED_HEAD = re.compile(r"gh pr checkout|git (fetch|pull)\s.*pull/")
_STRANGERS = re.compile(
    r"github\.(head_ref|event\.(?!repository\.|inputs\.|sender\.)[\w.*-]*"
    r"(title|body|message|\bname|email|\bref|\blabel|default_branch|page_name))\s*($|[^\w.(])"
)
_PUSHES = re.compile(
    r"git\s+(?:-\S+\s+)*(push|fetch|pull|submodule|lfs)|gh-pages|gh-deploy|ghp-import|semantic-release|mike\s|bump|gh release|"
    r"git-auto-commit|create-pull-request|add-and-commit|github-push|pages-deploy|pypi-publish.*tag",
    re.IGNORECASE,
)
_CACHES = re.compile(r"^actions/cache(/save)?$")


def mutable(workflow: Workflow) -> Iterator[Finding]:
    """W04: an action by a tag or a branch, which somebody can move."""
    for job in workflow.jobs:
        for table in (job.table, *(step.table for step in job.steps)):
            use = table.text("uses")
            if not use or use.startswith(("./", "../", "$/")) or "${{" in use:
                continue
            name, _, version = use.partition("@")
            is_image = use.startswith("docker://")
            is_fixed = "@sha256:" in use if is_image else bool(_COMMIT.fullmatch(version))
            if not is_fixed:
                yield Finding(
                    code="W04",
                    path=workflow.path,
                    line=table.line_of("uses"),
                    what=f"{use} can be moved to other code by whoever owns it",
                    fix="name an image by @sha256:..." if is_image
                    else f"name a commit: {name}@<40 digits> # {version or 'version'}",
                )  # fmt: skip


def checks_out_strangers(workflow: Workflow) -> Iterator[Finding]:
    """W05: code of a pull request runs with the rights of the main branch."""
    named = [event for event in _PRIVILEGED if event in workflow.events]
    if not named:
        return
    for job, step in workflow.steps:
        if _takes_head(step):
            yield Finding(
                code="W05",
                path=workflow.path,
                line=step.line,
                what=f"job {job.id} checks out what a stranger proposes, and {named[0]} "
                "gives it the secrets of the main branch",
                fix="use pull_request, or do not check out the head of the pull request",
            )


def _takes_head(step: Step) -> bool:
    given = step.table.table("with")
    if step.action == "actions/checkout":
        return bool(_HEAD.search(given.text("ref")) or "head" in given.text("repository"))
    return bool(_FETCHED_HEAD.search(step.script))


def injected(workflow: Workflow) -> Iterator[Finding]:
    """W06: text of an event is put into a script, which runs it."""
    for _, step in workflow.steps:
        is_script = step.action == "actions/github-script"
        found = step.table.table("with").get("script") if is_script else step.table.get("run")
        if not isinstance(found, Text):
            continue
        for each in EXPRESSION.finditer(found.text):
            if taken := _STRANGERS.search(each[1]):
                yield Finding(
                    code="W06",
                    path=workflow.path,
                    line=found.first_line + found.text.count("\n", 0, each.start()),
                    what=f"whoever writes {taken[0].strip(' |&)')} writes a part of this script",
                    fix="env: TEXT: ${{ ... }} at the step, and $TEXT in the script",
                )


def broad(workflow: Workflow) -> Iterator[Finding]:
    """W09: rights that nobody asked for, credentials that stay on the disk."""
    jobs = workflow.jobs
    whole = workflow.root.get("permissions")
    lacking = [job for job in jobs if job.table.get("permissions") is None]
    if whole is None and lacking:
        yield _permissions(workflow, lacking[0].line, f"job {lacking[0].id} names no permissions: it has all that the repository gives")  # fmt: skip
    if _writes(whole) and len(jobs) > 1:
        yield _permissions(
            workflow, workflow.root.line_of("permissions"), "every job may write, not only one"
        )
    for table in (workflow.root, *(job.table for job in jobs)):
        if table.text("permissions") == "write-all":
            yield _permissions(
                workflow, table.line_of("permissions"), "write-all: everything is allowed"
            )
    for job in jobs:
        yield from _credentials(workflow, job)


def _permissions(workflow: Workflow, line: int, what: str) -> Finding:
    return Finding(
        code="W09",
        path=workflow.path,
        line=line,
        what=what,
        fix="permissions: {} at the top, and what a job needs at the job",
    )


def _writes(node: Node | None) -> bool:
    return isinstance(node, Table) and any(
        isinstance(each, Text) and each.text == "write" for _, each in node.items
    )


def _credentials(workflow: Workflow, job: Job) -> Iterator[Finding]:
    if any(_PUSHES.search(step.script) or _PUSHES.search(step.action) for step in job.steps):
        return
    for step in job.steps:
        given = step.table.table("with")
        if step.action == "actions/checkout" and not given.text("persist-credentials"):
            yield Finding(
                code="W09",
                path=workflow.path,
                line=step.line,
                what=f"the token stays on the disk, where every step of job {job.id} can read it",
                fix="with: persist-credentials: false, or true if a step pushes",
            )


def poisoned(workflow: Workflow) -> Iterator[Finding]:
    """W13: a pull request writes caches that the main branch restores."""
    if not any(event in workflow.events for event in _PRIVILEGED):
        return
    for job in workflow.jobs:
        if not any(_takes_head(step) for step in job.steps):
            continue
        for step in job.steps:
            given = step.table.table("with")
            is_setup = step.action.startswith("actions/setup-") and given.text("cache")
            if _CACHES.match(step.action) or is_setup:
                yield Finding(
                    code="W13",
                    path=workflow.path,
                    line=step.line,
                    what=f"job {job.id} runs code of a pull request and saves a cache that the main branch restores",
                    fix="actions/cache/restore there, and save on the main branch only",
                )
