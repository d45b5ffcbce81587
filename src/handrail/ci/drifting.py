"""Whether the files that are there are those that would be generated."""

from collections.abc import Iterator, Mapping

from handrail.ci import dependabot
from handrail.ci.generating import ForeignFileError, changes, files
from handrail.ci.pins import load_pins
from handrail.ci.project import Project
from handrail.ci.stages import Staged
from handrail.ci.workflows import Finding


def drift(
    provider: str, project: Project, stages: Staged, there: Mapping[str, str]
) -> Iterator[Finding]:
    """W18 and W19: a stage without its file, a file that is not what would be generated."""
    wanted = files(provider, stages, project, load_pins())
    try:
        due = changes(wanted, there)
    except ForeignFileError as error:
        for path in error.where.splitlines():
            yield _finding("W18", path, "somebody wrote this file where a stage has its own", error.hint)  # fmt: skip
        return
    for change in due:
        if change.text is None:
            yield _finding("W19", change.path, "it belongs to no stage any more", f"rm {change.path}")  # fmt: skip
        elif change.before is None and change.path != dependabot.PATH:
            yield _finding("W18", change.path, "a stage has no workflow", "handrail ci generate")
        elif change.before is not None and change.is_due:
            yield _finding("W19", change.path, _difference(change.before, change.text), "handrail ci generate")  # fmt: skip


def _difference(before: str, after: str) -> str:
    rows = zip(before.splitlines(), after.splitlines(), strict=False)
    number = next((n for n, (old, new) in enumerate(rows, 1) if old != new), 0)
    where = f" first in line {number}" if number else " at its end"
    return f"it is not what would be generated:{where}"


def _finding(code: str, path: str, what: str, fix: str) -> Finding:
    return Finding(code=code, path=path, line=1, what=what, fix=fix)
