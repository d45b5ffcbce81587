"""Workflows of GitHub Actions as lints see them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from handrail.ci.shell import Command, commands, is_test
from handrail.ci.tree import Node, Row, Table, Text, texts
from handrail.frozen import dataclass

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_IGNORED = re.compile(r"#.*\bhandrail: ignore\[([\w, ]+)\]")
_MOST_CELLS = 256
"""GitHub's own limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of a file."""

    code: str
    path: str
    line: int
    what: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a job."""

    table: Table

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.table.line

    @property
    def action(self) -> str:
        """What it uses, without the version; empty for a script."""
        return self.table.text("uses").partition("@")[0]

    @property
    def script(self) -> str:
        """What it runs; empty for an action."""
        return self.table.text("run")

    def line_in(self, command: Command) -> int:
        """Where a command of its script is."""
        found = self.table.get("run")
        return found.first_line + command.line if isinstance(found, Text) else self.line

    def commands(self) -> list[Command]:
        """Those of its script."""
        return commands(self.script) if self.script else []

    def tests(self) -> list[Command]:
        """Those that run tests."""
        return [command for command in self.commands() if is_test(command.words)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job of a workflow."""

    id: str
    table: Table
    line: int

    @property
    def steps(self) -> list[Step]:
        """In order, also those that run in parallel; none of a job that calls another workflow."""
        return list(_steps(self.table.get("steps")))

    @property
    def needs(self) -> list[str]:
        """Jobs that it waits for."""
        return words_of(self.table.get("needs"))

    @property
    def matrix(self) -> Node | None:
        """Of its strategy; a text if it is made when it runs."""
        return self.table.table("strategy").get("matrix")

    def has_tests(self) -> bool:
        """Whether a step runs tests."""
        return any(step.tests() for step in self.steps)


def _steps(node: Node | None) -> Iterator[Step]:
    for each in node.items if isinstance(node, Row) else ():
        if isinstance(each, Table):
            yield Step(table=each)
            yield from _steps(each.get("parallel"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One file."""

    path: str
    lines: Sequence[str]
    root: Table

    @property
    def events(self) -> Mapping[str, Node | None]:
        """What starts it."""
        found = self.root.get("on")
        if isinstance(found, Table):
            return {key.text: node for key, node in found.items}
        return dict.fromkeys(words_of(found))

    @property
    def jobs(self) -> list[Job]:
        """In order."""
        found = self.root.table("jobs")
        return [
            Job(id=key.text, table=node, line=key.line)
            for key, node in found.items
            if isinstance(node, Table)
        ]

    @property
    def steps(self) -> Iterator[tuple[Job, Step]]:
        """All of them, with their jobs."""
        for job in self.jobs:
            for step in job.steps:
                yield job, step

    def comment(self, line: int) -> str:
        """The whole line of the file."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""

    def is_ignored(self, finding: Finding) -> bool:
        """Whether a comment on its line, or on the one above, excuses it: ``handrail: ignore[W07]``."""
        for line in (finding.line, finding.line - 1):
            found = _IGNORED.search(self.comment(line))
            if found and finding.code in re.split(r"[,\s]+", found[1]):
                return True
        return False


def words_of(node: Node | None) -> list[str]:
    """A text, or the texts of a list."""
    if isinstance(node, Text):
        return [node.text] if node.text else []
    if isinstance(node, Row):
        return [each.text for each in node.items if isinstance(each, Text)]
    return []


def expressions(node: Node | None) -> Iterator[tuple[str, int]]:
    """Every expression below, and its line; a condition is one without braces too."""
    for key, found in texts(node):
        if key == "if" and "${{" not in found.text:
            yield found.text, found.line
        for each in EXPRESSION.finditer(found.text):
            yield each[1], found.first_line + found.text.count("\n", 0, each.start())


def cells(job: Job) -> list[dict[str, str]] | None:
    """Every cell of the matrix; None if that is known only when it runs. Without one: a single cell.

    As GitHub does it: ``exclude`` first; an ``include`` joins all cells whose own values it does not
    change, and is a cell of its own where it joins none.
    """
    matrix = job.matrix
    if matrix is None:
        return [{}]
    if not isinstance(matrix, Table):
        return None
    axes = {key.text: node for key, node in matrix.items if key.text not in {"include", "exclude"}}
    if not all(isinstance(node, Row) and _is_plain(node) for node in axes.values()):
        return None
    included, excluded = _rows(matrix.get("include")), _rows(matrix.get("exclude"))
    if included is None or excluded is None:
        return None
    values = [words_of(node) for node in axes.values()]
    size = 1
    for each in values:
        size *= len(each)
    if size > _MOST_CELLS:
        return None
    made = [dict(zip(axes, each, strict=True)) for each in product(*values)] if axes else []
    made = [cell for cell in made if not any(out.items() <= cell.items() for out in excluded)]
    return _with_included(made, included, set(axes))


def _with_included(
    made: list[dict[str, str]], included: Sequence[Mapping[str, str]], axes: set[str]
) -> list[dict[str, str]]:
    original = len(made)
    for extra in included:
        fixed = {name: value for name, value in extra.items() if name in axes}
        joined = [cell for cell in made[:original] if fixed.items() <= cell.items()]
        for cell in joined:
            cell.update(extra)
        if not joined:
            made.append(dict(extra))
    return made


def _is_plain(row: Row) -> bool:
    return all(isinstance(each, Text) and "${{" not in each.text for each in row.items)


def _rows(node: Node | None) -> list[dict[str, str]] | None:
    """Tables of texts; None if there is anything else."""
    if node is None:
        return []
    if not isinstance(node, Row):
        return None
    found = []
    for each in node.items:
        if not isinstance(each, Table):
            return None
        if not all(isinstance(value, Text) and "${{" not in value.text for _, value in each.items):
            return None
        found.append({key.text: each.text(key.text) for key, _ in each.items})
    return found
