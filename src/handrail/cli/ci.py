"""``handrail ci``: workflows made from the stages, checked, explained."""

import argparse
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from handrail.ci import dependabot, github, gitlab
from handrail.ci.generating import PROVIDERS, Change, changes, files
from handrail.ci.pins import load_pins
from handrail.ci.project import Project, project_of
from handrail.ci.stages import Job, Staged, staged
from handrail.cli.arguments import Parser, add_json, lazily
from handrail.errors import ExitCode, UsageError
from handrail.model.units import format_duration
from handrail.runs.atomic import write_atomically
from handrail.wiring import Wiring, wire


def fill_ci(ci: Parser) -> None:
    """The options."""
    ci.description = (
        "Workflows of CI from [tool.handrail.stages]: generate writes them, check looks at all workflows "
        "for drift and known faults, explain says what runs where and how long, or what a fault means."
    )
    ci.set_defaults(command=lazily("handrail.cli.ci", "ci"))
    ci.add_argument("what", choices=("generate", "check", "explain"))
    ci.add_argument(
        "name", nargs="?", metavar="STAGE|W07", help="explain: this stage, or this fault"
    )
    ci.add_argument(
        "--provider", choices=PROVIDERS, help="(default: gitlab with a .gitlab-ci.yml, else github)"
    )
    ci.add_argument(
        "--check",
        dest="is_check",
        action="store_true",
        help="generate: write nothing; 1 if it would",
    )
    add_json(ci)


def ci(arguments: argparse.Namespace) -> ExitCode:
    """One of the three."""
    if arguments.name and arguments.what != "explain":
        raise UsageError(f"handrail ci {arguments.what} takes no name, got {arguments.name}")
    return _generate(arguments)


def _generate(arguments: argparse.Namespace) -> ExitCode:
    """Write what is not there or not as it should be, and say so."""
    wiring = wire(arguments.folder)
    project, found = stages_of(wiring)
    provider = arguments.provider or provider_of(wiring.root)
    wanted = files(provider, found, project, load_pins())
    due = changes(wanted, generated_places(wiring.root, provider))
    if not arguments.is_check:
        _write(wiring.root, due)
    words = [(_word(change, is_check=arguments.is_check), change.path) for change in due]
    if arguments.is_json:
        document = {
            "schema": "handrail.ci/1",
            "provider": provider,
            "files": [{"path": path, "state": word} for word, path in words],
            "stages": [_described(job) for job in found.jobs],
            "notes": list(found.notes),
        }
        print(json.dumps(document, indent=2))
    else:
        lines = [f"{word:10} {path}" for word, path in words]
        print("\n".join([*lines, *map(_line, found.jobs), *(f"note: {n}" for n in found.notes)]))
    is_late = arguments.is_check and any(change.is_due for change in due)
    return ExitCode.FAILED if is_late else ExitCode.PASSED


def _write(root: Path, due: Sequence[Change]) -> None:
    """Nothing is removed: a file that belongs to no stage any more is only told of."""
    for change in due:
        if change.is_due and change.text is not None:
            path = root / change.path
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, change.text.encode())


def _described(job: Job) -> dict[str, object]:
    return {
        "name": job.name,
        "on": list(job.on),
        "tiers": list(job.tiers),
        "python": list(job.python),
        "shards": job.shards,
        "runs": job.cells,
        "budget_s": job.budget_s,
        "install_s": job.install_s,
        "timeout_minutes": job.timeout_minutes,
        "cron": job.cron,
        "gates": list(job.gates),
    }


def _word(change: Change, *, is_check: bool) -> str:
    if change.text is None:
        return "left over"
    if not change.is_due:
        return "as it was"
    return "differs" if is_check else "written"


def _line(job: Job) -> str:
    shards = f" x {job.shards} shards" if job.shards > 1 else ""
    return (
        f"stage {job.name}: {', '.join(job.tiers)} on {', '.join(job.on)}; Python "
        f"{', '.join(job.python)}{shards}; ended after {format_duration(job.install_s)} + "
        f"{format_duration(job.budget_s)} = {job.timeout_minutes} min"
    )


def stages_of(wiring: Wiring) -> tuple[Project, Staged]:
    """The project's stages, decided. Raises: ConfigError, StageError."""
    settings = wiring.settings
    project = project_of(wiring.root, _document(wiring.root))
    return project, staged(settings, project, load_pins())


def _document(root: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    except OSError:
        return {}


def provider_of(root: Path) -> str:
    """As the project's files say."""
    is_gitlab = (root / gitlab.MAIN).exists() and not (root / ".github").exists()
    return "gitlab" if is_gitlab else "github"


def generated_places(root: Path, provider: str) -> dict[str, str]:
    """Every file where generated ones may be, by its path from ``root``."""
    main = gitlab.MAIN if provider == "gitlab" else dependabot.PATH
    folder = gitlab.FOLDER if provider == "gitlab" else github.FOLDER
    paths = [root / main, *sorted((root / folder).glob("*.y*ml"))]
    return {
        os.path.relpath(path, root): path.read_text("utf-8", "replace")
        for path in paths
        if path.is_file()
    }
