"""What a run that has ended leaves behind, and answers."""

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from handrail.app.reporting import Report
from handrail.cli.state_writer import StateWriter
from handrail.errors import StateError
from handrail.model.surroundings import format_for
from handrail.runs import state_file
from handrail.runs.atomic import write_atomically
from handrail.runs.attached import listed
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring


def publish(
    arguments: argparse.Namespace,
    wiring: Wiring,
    report: Report,
    folder: RunFolder,
    writer: StateWriter,
    problems: Sequence[str],
) -> None:
    """Keep the report and the last state of the run, then answer whoever asked for it."""
    shape = format_for(arguments.format, wiring.environ)
    document, problem = keep(report, wiring, folder, writer, has_tests=arguments.tests)
    for each in filter(None, (*problems, problem)):
        print(f"warning: {each}", file=sys.stderr)
    if shape == "ndjson":
        from handrail.reporters.ndjson import line

        if report.record.ended is not None:
            print(line(report.record.ended), end="")
    else:
        print_safely(answer(arguments, wiring, shape, report, folder, document), sys.stdout)
    _retain(wiring, folder)


def keep(
    report: Report, wiring: Wiring, folder: RunFolder, writer: StateWriter, *, has_tests: bool
) -> tuple[dict[str, Any], str]:
    """Write the report and the last state; return the report and what went wrong, mostly nothing."""
    from handrail.reporters import json_report
    from handrail.reporters.digest import digest

    parts = (report.record, report.judgement, report.causes, report.labels)
    document = document_of(report, wiring, folder, has_tests=has_tests)
    problem = ""
    try:
        write_atomically(folder.report, json_report.text(document).encode("ascii"))
    except StateError as error:
        problem = f"the report could not be written: {error.where or error.what}"
    writer.conclude(digest(*parts, report_path=_shown(folder.report, wiring)), document)
    return document, problem


def document_of(
    report: Report, wiring: Wiring, folder: RunFolder, *, has_tests: bool
) -> dict[str, Any]:
    """The report as ``handrail.run/1``."""
    from handrail.reporters import json_report

    artifacts = {
        "folder": _shown(folder.path, wiring),
        "events": "events.ndjson",
        "pytest_log": "pytest.log",
    }
    if (folder.path / "profile").is_dir():
        artifacts["profile"] = "profile"
    extras = json_report.Extras(
        outcomes=report.outcomes,
        artifacts=artifacts,
        has_tests=has_tests,
        attachments=listed(folder.path),
    )
    parts = (report.record, report.judgement, report.causes, report.labels)
    return json_report.document(*parts, extras) | {"command": "run"}


def answer(
    arguments: argparse.Namespace,
    wiring: Wiring,
    shape: str,
    report: Report,
    folder: RunFolder,
    document: dict[str, Any],
) -> str:
    """What is printed at the end, in the format that was asked for; not for ``ndjson``."""
    parts = (report.record, report.judgement, report.causes, report.labels)
    path = _shown(folder.report, wiring)
    match shape:
        case "json":
            from handrail.reporters import json_report

            return json_report.text(document)
        case "agent":
            from handrail.reporters.digest import digest

            return digest(*parts, report_path=path)
        case "github":
            from handrail.reporters import github
            from handrail.reporters.human import human

            _write_step_summary(wiring, github.step_summary(*parts))
            annotations = github.annotations(report.record, report.judgement, report.causes)
            return "\n".join(filter(None, (human(*parts, report_path=path), annotations)))
        case _:
            from handrail.reporters.human import human

            log = _sections_of(folder.pytest_log)
            text = human(*parts, is_coloured=wiring.is_coloured(arguments.color), report_path=path)
            return f"{log}{text}"


def _sections_of(log: Path) -> str:
    """What pytest and its plugins have to say at the end, beside the failures: durations, coverage."""
    from handrail.reporters.sections import sections

    return sections(end_of(log))


def end_of(log: Path, most_bytes: int = 2_000_000) -> str:
    """The end of what pytest printed; nothing if there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - most_bytes))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _write_step_summary(wiring: Wiring, text: str) -> None:
    path = wiring.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
            file.write(text)


def _shown(path: Path, wiring: Wiring) -> str:
    return str(path.relative_to(wiring.folder)) if path.is_relative_to(wiring.folder) else str(path)


def print_safely(text: str, stream: TextIO) -> None:
    """Print, whatever the stream can show."""
    from handrail.core.text import encodable

    print(encodable(text, stream.encoding or "utf-8"), file=stream, flush=True)


def _retain(wiring: Wiring, folder: RunFolder) -> None:
    """Remove runs beyond what is kept."""
    from handrail.runs import retention

    now = time.time()
    runs = {each.run_id: each for each in wiring.state.folder.runs()}
    if len(runs) > retention.Limits().passed:
        measured = [retention.measure(each, now=now) for each in runs.values()]
        going_on = {run_id for run_id, each in runs.items() if state_file.goes_on(str(each.path))}
        protected = {folder.run_id} | going_on
        removed = retention.to_remove(measured, retention.Limits(), protected=protected)
        if removed:
            retention.remove([runs[each] for each in removed])
