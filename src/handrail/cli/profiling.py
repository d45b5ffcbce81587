"""What a profile becomes: the flame graph after the run, and ``handrail report --where``."""

import argparse
import json
import os
import time

from handrail.app.reporting import report_of
from handrail.app.running import Follower
from handrail.core.profiles import Profile
from handrail.core.spending import spending
from handrail.errors import StateError, UsageError
from handrail.model.events import Note
from handrail.model.units import format_size
from handrail.runs import profiles
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring


def tell(follower: Follower, run: RunFolder, wiring: Wiring) -> None:
    """Draw the graph, and say where it is."""
    found = profiles.read(run)
    if found is None:
        text = "the profile is empty: no process left what it measured"
        follower.tell(Note(at=time.time(), text=text, code="profile", is_warning=True))
        return
    try:
        profiles.keep(run, found, _graph(found, run.run_id))
    except StateError as problem:
        text = f"the profile could not be kept: {problem.where or problem.what}"
        follower.tell(Note(at=time.time(), text=text, code="profile", is_warning=True))
        return
    path = os.path.relpath(profiles.folder_of(run) / profiles.GRAPH, wiring.folder)
    text = f"profile: {path}; handrail report --where"
    follower.tell(Note(at=time.time(), text=text, code="profile", is_warning=True))


def _graph(found: Profile, run_id: str) -> str:
    from handrail.reporters.flame import flame_graph

    if found.kind == "memory":
        title = f"run {run_id}: allocated at the highest peak of a worker"
        return flame_graph(found.stacks, title=title, shown=lambda size: format_size(round(size)))
    title = f"run {run_id}: seconds of all workers"
    return flame_graph(found.stacks, title=title, shown=lambda seconds: f"{seconds:.3f} s")


def where(arguments: argparse.Namespace, wiring: Wiring, run: RunFolder) -> str:
    """Where the time of a run went. Raises: EmptyRunError, UsageError."""
    from handrail.reporters import spending as shown

    if arguments.format not in {"human", "json"}:
        raise UsageError(
            f"--where has no format {arguments.format}",
            hint="handrail report --where --format json",
        )
    found = report_of(run.run_id, read_events(run.events), wiring.history)
    profile = profiles.read(run)
    files = [os.path.relpath(each, wiring.folder) for each in profiles.files(run)]
    spent = spending(found.record, profile)
    if arguments.format == "json":
        return json.dumps(shown.document(spent, profile, run.run_id, files))
    return shown.text(spent, profile, run.run_id, files)
