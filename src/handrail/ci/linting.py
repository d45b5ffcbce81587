"""All lints over all workflows of a project."""

from collections.abc import Iterator, Mapping, Sequence

from handrail.ci.lints import gitlab, running, safety, shape, sharing
from handrail.ci.tree import BadYamlError, Table, read
from handrail.ci.workflows import Finding, Workflow
from handrail.frozen import dataclass

_EACH = (
    running.pipes,
    sharing.skipped,
    sharing.missing,
    safety.mutable,
    safety.checks_out_strangers,
    safety.injected,
    shape.timeless,
    shape.crowded,
    safety.broad,
    shape.rounded,
    shape.misspelt,
    shape.lost,
    safety.poisoned,
    shape.scheduled,
    running.excused,
    running.retried,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What was found, in the order of files and lines."""

    workflows: tuple[Workflow, ...]
    findings: tuple[Finding, ...]
    ignored: int
    """Excused by a comment."""


def lint(files: Mapping[str, str]) -> Linted:
    """Look at these workflows, given by path. Raises: NoYamlError."""
    workflows: list[Workflow] = []
    found: list[Finding] = []
    for path, text in sorted(files.items()):
        each = parsed(path, text)
        if isinstance(each, Workflow):
            workflows.append(each)
        else:
            found.append(each)
    kept = [
        each for flow in workflows for each in _of(flow, workflows) if not flow.is_ignored(each)
    ]
    ignored = sum(1 for flow in workflows for _ in _of(flow, workflows)) - len(kept)
    found += kept
    return Linted(
        workflows=tuple(workflows),
        findings=tuple(sorted(set(found), key=lambda each: (each.path, each.line, each.code))),
        ignored=ignored,
    )


def parsed(path: str, text: str) -> Workflow | Finding:
    """The workflow, or why it is none. Raises: NoYamlError."""
    try:
        root = read(text)
    except BadYamlError as error:
        what = f"not YAML: {error}"
        return Finding(code="W11", path=path, line=error.line, what=what, fix="correct this line")
    if not isinstance(root, Table):
        return Finding(code="W11", path=path, line=1, what="not a workflow: it has no keys", fix="on: and jobs:")  # fmt: skip
    return Workflow(path=path, lines=text.splitlines(), root=root)


def _of(workflow: Workflow, everything: Sequence[Workflow]) -> Iterator[Finding]:
    if workflow.path.startswith(".gitlab"):
        yield from gitlab.look(workflow)
        return
    for look in _EACH:
        yield from look(workflow)
    yield from shape.unqueued(workflow, everything)
