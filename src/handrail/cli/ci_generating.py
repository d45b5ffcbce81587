"""``handrail ci generate``: write the workflows of the stages."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from handrail.ci.arithmetic import sum_of
from handrail.ci.collecting import CollectError
from handrail.ci.generating import Change, changes, files
from handrail.ci.pins import load_pins
from handrail.ci.places import generated_places, provider_of
from handrail.ci.stages import Job, Staged
from handrail.cli.ci_files import stages_of
from handrail.cli.ci_suite import DURATIONS, suite_of
from handrail.errors import ExitCode
from handrail.model.units import format_duration
from handrail.runs.atomic import write_atomically
from handrail.wiring import Wiring, wire


def generate(arguments: argparse.Namespace) -> ExitCode:
    """Write what is not there or not as it should be, and say so."""
    wiring = wire(arguments.folder)
    project, found = stages_of(wiring)
    provider = arguments.provider or provider_of(wiring.root)
    wanted = files(provider, found, project, load_pins())
    due = changes(wanted, generated_places(wiring.root, provider))
    if not arguments.is_check:
        _write(wiring.root, due)
    sums = _sums(wiring, found, is_uncollected=arguments.is_uncollected)
    words = [(_word(change, is_check=arguments.is_check), change.path) for change in due]
    if arguments.is_json:
        document = {
            "schema": "handrail.ci/1",
            "provider": provider,
            "files": [{"path": path, "state": word} for word, path in words],
            "stages": [_described(job) for job in found.jobs],
            "sums": sums,
            "notes": list(found.notes),
        }
        print(json.dumps(document, indent=2))
    else:
        lines = [f"{word:10} {path}" for word, path in words]
        told = [f"{name}: {text}" for name, text in sums.items()]
        notes = [f"note: {note}" for note in found.notes]
        print("\n".join([*lines, *map(_line, found.jobs), *told, *notes]))
    is_late = arguments.is_check and any(change.is_due for change in due)
    return ExitCode.FAILED if is_late else ExitCode.PASSED


def _sums(wiring: Wiring, stages: Staged, *, is_uncollected: bool) -> dict[str, str]:
    """How long each stage takes, where times are recorded that shards have in common."""
    if is_uncollected or not (wiring.root / DURATIONS).exists():
        return {}
    try:
        suite = suite_of(wiring)
    except CollectError as error:
        return {"no sums": error.what}
    return {job.name: sum_of(job, suite, suite.seconds).text() for job in stages.jobs}


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
