"""The file that has dependencies brought up to date, but not on the day they appear."""

from collections.abc import Iterator

from handrail.ci.generated import header
from handrail.ci.pins import Pins
from handrail.ci.project import Project

PATH = ".github/dependabot.yml"
_COOLDOWN_DAYS = 7


def dependabot(project: Project, pins: Pins) -> str:
    """The whole file. Actions that generated workflows use come with Handrail: it leaves them out."""
    ecosystem = "uv" if project.has_uv_lock else "pip"
    lines = [
        header("what the project has", [ecosystem, _COOLDOWN_DAYS, pins.actions], pins),
        "version: 2",
        "updates:",
        *_update(ecosystem),
        *_update("github-actions"),
        "    ignore:",
        *(f"      - dependency-name: {name}*" for name in pins.actions),
    ]
    return "\n".join(lines) + "\n"


def _update(ecosystem: str) -> Iterator[str]:
    yield f"  - package-ecosystem: {ecosystem}"
    yield "    directory: /"
    yield "    schedule:"
    yield "      interval: weekly"
    yield "    cooldown:"
    yield f"      default-days: {_COOLDOWN_DAYS}"
    yield "    groups:"
    yield "      all:"
    yield '        patterns: ["*"]'
