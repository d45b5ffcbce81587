"""The same faults in jobs of GitLab (W10, W16, W17). Its runner sets pipefail, and every job has a time-out."""

from collections.abc import Iterator

from handrail.ci.lints.running import excused_commands
from handrail.ci.lints.shape import loses_digits
from handrail.ci.shell import Command, commands, is_test
from handrail.ci.tree import Node, Row, Table, Text, texts
from handrail.ci.workflows import Finding, Workflow

_NO_JOBS = {
    "default", "include", "stages", "variables", "workflow", "image", "services", "cache", "before_script",
    "after_script", "spec",
}  # fmt: skip


def jobs(root: Table) -> Iterator[tuple[str, Table]]:
    """Name and table of each job and template."""
    for key, node in root.items:
        if key.text not in _NO_JOBS and isinstance(node, Table):
            yield key.text, node


def look(workflow: Workflow) -> Iterator[Finding]:
    """All faults of one file."""
    for name, table in jobs(workflow.root):
        scripts = list(_scripts(table.get("script")))
        tests = [c for text in scripts for c in commands(text.text) if is_test(c.words)]
        if tests:
            yield from _excused(workflow, name, table, scripts)
            yield from _retried(workflow, name, table)
        for place in (table.get("parallel"), table.get("variables")):
            for key, found in texts(place):
                if found.is_number and loses_digits(key, found.text):
                    yield Finding(
                        code="W10",
                        path=workflow.path,
                        line=found.line,
                        what=f"{found.text} without quotes is the number {float(found.text):g}",
                        fix=f'write "{found.text}"',
                    )


def _scripts(node: Node | None) -> Iterator[Text]:
    match node:
        case Text():
            yield node
        case Row():
            for each in node.items:
                yield from _scripts(each)
        case _:
            return


def _excused(workflow: Workflow, name: str, table: Table, scripts: list[Text]) -> Iterator[Finding]:
    if table.text("allow_failure") == "true":
        yield Finding(
            code="W16",
            path=workflow.path,
            line=table.line_of("allow_failure"),
            what=f"job {name} runs tests and may fail",
            fix="remove allow_failure; put tests that may fail into quarantine",
        )
    for text in scripts:
        for command in excused_commands(commands(text.text)):
            yield Finding(
                code="W16",
                path=workflow.path,
                line=_line(text, command),
                what="failing tests are excused by ||",
                fix="remove what is behind ||; put tests that may fail into quarantine",
            )


def _line(text: Text, command: Command) -> int:
    return text.first_line + command.line


def _retried(workflow: Workflow, name: str, table: Table) -> Iterator[Finding]:
    found = table.get("retry")
    is_any = isinstance(found, Text) and found.text not in {"", "0"}
    if isinstance(found, Table):
        is_any = not {"when", "exit_codes"} & set(found.names())
    if is_any:
        yield Finding(
            code="W17",
            path=workflow.path,
            line=table.line_of("retry"),
            what=f"job {name} runs all tests again whatever failed: flaky tests are never seen",
            fix="retry: max: 1, exit_codes: [2] (the run broke, not the tests)",
        )
