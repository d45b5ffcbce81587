"""All files of a provider, and what writing them would change."""

from collections.abc import Mapping

from handrail.ci import dependabot, github, gitlab
from handrail.ci.generated import is_ours
from handrail.ci.pins import Pins
from handrail.ci.project import Project
from handrail.ci.stages import Staged
from handrail.errors import UserError
from handrail.frozen import dataclass

PROVIDERS = ("github", "gitlab")


class ForeignFileError(UserError):
    """A file that somebody wrote is where a generated one belongs."""

    reference = "foreign-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What has to be done with one file."""

    path: str
    """From the project's folder."""
    text: str | None
    """None: it belongs to no stage any more."""
    before: str | None
    """None: it is not there."""

    @property
    def is_due(self) -> bool:
        """Whether the file is not as it should be."""
        return self.text != self.before


def files(provider: str, all_stages: Staged, project: Project, pins: Pins) -> Mapping[str, str]:
    """The text of every file, by its path from the project's folder."""
    jobs = all_stages.jobs
    if provider == "gitlab":
        found = {gitlab.path_of(job): gitlab.jobs_of(job, pins) for job in jobs}
        return found | {gitlab.MAIN: gitlab.main(jobs, pins)}
    found = {github.path_of(job): github.workflow(job, pins) for job in jobs}
    return found | {dependabot.PATH: dependabot.dependabot(project, pins)}


def changes(wanted: Mapping[str, str], there: Mapping[str, str]) -> list[Change]:
    """What to do with each file that is wanted, and with each of ours that is not.

    ``there``: files of the folders of workflows. A dependency-update file that somebody wrote stays.
    Raises: ForeignFileError, which names every file that somebody wrote.
    """
    foreign = [path for path in wanted if path in there and not is_ours(there[path])]
    if blocked := [path for path in foreign if path != dependabot.PATH]:
        raise ForeignFileError(
            "a file that was not generated is in the way; nothing was written",
            where="\n".join(blocked),
            hint=_hint(blocked, wanted),
        )
    found = [
        Change(path=path, text=text, before=there.get(path))
        for path, text in wanted.items()
        if path not in foreign
    ]
    found += [
        Change(path=path, text=None, before=text)
        for path, text in there.items()
        if path not in wanted and is_ours(text)
    ]
    return sorted(found, key=lambda change: change.path)


def _hint(blocked: list[str], wanted: Mapping[str, str]) -> str:
    if gitlab.MAIN not in blocked:
        return "rename that file, or the stage"
    folder = f"{gitlab.FOLDER}/"
    lines = ", ".join(path for path in wanted if path.startswith(folder))
    return f"move what it has into a file of its own and include that; ours includes: {lines}"
