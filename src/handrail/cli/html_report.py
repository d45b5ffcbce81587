"""``handrail report --format html``: one page for people, of a run and what lies beside it."""

import argparse
import base64
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from handrail import __version__
from handrail.app.reporting import Report, report_of
from handrail.core.folding import fold
from handrail.errors import ExitCode, StateError, UsageError
from handrail.frozen import replace
from handrail.model.events import RunStarted
from handrail.model.records import RunRecord
from handrail.ports.history import History
from handrail.reporters.digest import digest
from handrail.reporters.html.data import Attached, Beside, page_data
from handrail.reporters.html.making import page
from handrail.runs import profiles
from handrail.runs.atomic import write_atomically
from handrail.runs.attached import Attachment, read_attachments
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder, StateFolder
from handrail.wiring import Wiring

INLINE_BYTES = 512 * 1024
"""A file that a test attached is part of the page up to this size; a larger one lies beside it."""
ALL_INLINE_BYTES = 16 * 1024 * 1024
"""So much of them all together; then the others lie beside it too."""
GRAPH_BYTES = 2 * 1024 * 1024
HISTORY = 15
"""How many earlier outcomes of each test are shown."""


def write_html(arguments: argparse.Namespace, wiring: Wiring, folder: RunFolder) -> ExitCode:
    """Write the page where ``-o`` says, or else into the run's folder; print where it is."""
    report = report_of(folder.run_id, read_events(folder.events), wiring.history)
    target = wiring.folder / arguments.output if arguments.output else folder.page
    files = f"{target.stem}-files" if arguments.output else ""
    previous = _named(arguments, wiring) or previous_run(folder, report.record)
    text = html_of(report, wiring, folder, previous, files=files)
    try:
        if files:
            _copy(folder, target.parent / files)
        write_atomically(target, text.encode())
    except (OSError, StateError) as error:
        raise UsageError(
            "the report cannot be written",
            where=f"{arguments.output or target}: {_why(error)}",
            hint="give -o a file in a folder that exists",
        ) from error
    print(f"report: {arguments.output or _shown(target, wiring)}")
    return ExitCode.PASSED


def html_of(
    report: Report,
    wiring: Wiring,
    folder: RunFolder,
    previous: RunRecord | None,
    *,
    files: str = "",
) -> str:
    """The page. ``files``: the folder beside it that large attachments are in; empty: the run's own."""
    beside = Beside(
        outcomes=earlier(report.record, wiring.history),
        previous=previous,
        attached=list(attached(folder, files)),
        profile=profiles.read(folder),
        graph=_graph(folder),
        made_by=f"Handrail {__version__}",
    )
    parts = (report.record, report.judgement, report.causes, report.labels)
    return page(page_data(*parts, beside), digest=digest(*parts))


def _graph(folder: RunFolder) -> str:
    """The flame graph of a run that was profiled, unless it is very large."""
    path = profiles.folder_of(folder) / profiles.GRAPH
    try:
        return path.read_text("utf-8") if path.stat().st_size <= GRAPH_BYTES else ""
    except (OSError, ValueError):
        return ""


def previous_run(folder: RunFolder, record: RunRecord) -> RunRecord | None:
    """The newest run before this one with the same tiers and selection; None if there is none."""
    now, found = record.started, None
    for each in StateFolder(folder.path.parent.parent).runs():
        if each.run_id == folder.run_id:
            continue
        started = next(iter(read_events(each.events)), None)
        if isinstance(started, RunStarted) and _is_alike(started, now) and started.at < now.at:
            found = (started.at, each) if found is None or started.at > found[0] else found
    return None if found is None else fold(read_events(found[1].events))


def _is_alike(one: RunStarted, other: RunStarted) -> bool:
    kind = (other.tiers, other.selection, other.shard, "")
    return (one.tiers, one.selection, one.shard, one.rerun_of) == kind


def _named(arguments: argparse.Namespace, wiring: Wiring) -> RunRecord | None:
    """The run to compare with, if one was named."""
    reference = getattr(arguments, "compare", None)
    return fold(read_events(wiring.find(reference).events)) if reference else None


def earlier(record: RunRecord, history: History) -> Mapping[str, Sequence[str]]:
    """Outcomes before this run's, newest first.

    Nothing where history cannot be read, or goes on beyond this run: which of its outcomes came before
    is not known then.
    """
    made = Counter(each.test for each in record.finished)
    try:
        newest = next(iter(history.runs(last=1)), None)
        if newest is None or newest.started_at > record.last_at:
            return {}
        is_kept = newest.run_id == record.started.run_id
        seen = history.seen(made, last=HISTORY + (max(made.values(), default=0) if is_kept else 0))
    except StateError:
        return {}
    own = made if is_kept else Counter[str]()
    found = {test: each.outcomes[own[test] :][:HISTORY] for test, each in seen.items()}
    return {test: outcomes for test, outcomes in found.items() if outcomes}


def attached(folder: RunFolder, files: str = "") -> Iterator[Attached]:
    """What the tests attached: small files as they are, large ones by where they lie."""
    left_bytes = ALL_INLINE_BYTES
    for each in read_attachments(folder.path):
        found = Attached(test=each.test, name=each.name, kind=each.kind, size_bytes=each.size_bytes)
        if each.size_bytes <= min(INLINE_BYTES, left_bytes):
            left_bytes -= each.size_bytes
            data = (folder.path / each.path).read_bytes()
            yield replace(found, data=base64.b64encode(data).decode("ascii"))
        else:
            yield replace(found, href=quote(_beside(each, files)))


def _beside(each: Attachment, files: str) -> str:
    return f"{files}/{Path(each.path).name}" if files else each.path


def _copy(folder: RunFolder, target: Path) -> None:
    """Put the attachments that are not in the page beside it."""
    linked = [each for each in attached(folder, target.name) if each.href]
    if linked:
        target.mkdir(exist_ok=True)
    names = {quote(_beside(each, target.name)): each for each in read_attachments(folder.path)}
    for one in linked:
        source = folder.path / names[one.href].path
        shutil.copyfile(source, target / source.name)


def _why(error: OSError | StateError) -> str:
    if isinstance(error, StateError):
        return error.where.rpartition(": ")[2] or error.what
    return error.strerror or str(error)


def _shown(path: Path, wiring: Wiring) -> str:
    return str(path.relative_to(wiring.folder)) if path.is_relative_to(wiring.folder) else str(path)
