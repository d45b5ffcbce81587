"""``handrail report``: an earlier run, in any format."""

import argparse
import json
import sys
from pathlib import Path

from handrail import __version__
from handrail.app.reporting import Report, report_of
from handrail.core.text import encodable
from handrail.errors import ExitCode, UsageError
from handrail.runs.attached import listed
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring, wire


def report(arguments: argparse.Namespace) -> ExitCode:
    """Print or write the report; return 0 whatever the run's verdict was, but for a merged one."""
    if arguments.run == "merge":
        from handrail.cli.merging import merge_runs

        return merge_runs(arguments)
    if arguments.run == "import":
        from handrail.cli.importing import import_reports

        return import_reports(arguments)
    if arguments.folders:
        raise UsageError(
            f"one report at a time, not also {arguments.folders[0]}",
            hint="to join several runs into one: handrail report merge DIR...",
        )
    wiring = wire(arguments.folder)
    if arguments.is_impact:
        from handrail.cli.impact import told

        _write(arguments, told(arguments, wiring))
        return ExitCode.PASSED
    folder = wiring.find(arguments.run)
    if arguments.format == "html":
        from handrail.cli.html_report import write_html

        return write_html(arguments, wiring, folder)
    if arguments.compare:
        from handrail.cli.comparing import compared

        _write(arguments, compared(arguments, wiring, folder))
        return ExitCode.PASSED
    if arguments.format == "ndjson":
        _write(arguments, folder.events.read_text("ascii", "replace").rstrip("\n"))
        return ExitCode.PASSED
    if arguments.is_where:
        from handrail.cli.profiling import where

        _write(arguments, where(arguments, wiring, folder))
        return ExitCode.PASSED
    found = report_of(folder.run_id, read_events(folder.events), wiring.history)
    _write(arguments, _text(arguments, wiring, folder, found))
    return ExitCode.PASSED


def _text(arguments: argparse.Namespace, wiring: Wiring, folder: RunFolder, found: Report) -> str:
    parts = (found.record, found.judgement, found.causes, found.labels)
    match arguments.format:
        case "json":
            from handrail.reporters import json_report

            extras = json_report.Extras(
                outcomes=found.outcomes,
                has_tests=arguments.tests,
                attachments=listed(folder.path),
            )
            return json_report.text(json_report.document(*parts, extras))
        case "junit":
            from handrail.reporters.junit import junit

            return junit(found.record, found.judgement)
        case "ctrf":
            from handrail.reporters.ctrf import ctrf

            return json.dumps(ctrf(found.record, found.judgement, version=__version__))
        case "github":
            from handrail.reporters.github import annotations

            return annotations(found.record, found.judgement, found.causes)
        case "markdown":
            from handrail.reporters.github import step_summary

            return step_summary(*parts).rstrip("\n")
        case "durations":
            from handrail.app.remembering import recorded_s
            from handrail.core.durations import durations_text

            return durations_text(recorded_s(found.record, wiring.history))
        case "digest":
            from handrail.reporters.digest import digest

            return digest(*parts, report_path=str(folder.report))
        case _:
            from handrail.reporters.human import human

            is_coloured = wiring.is_coloured(arguments.color) and not arguments.output
            return human(*parts, is_coloured=is_coloured, report_path=str(folder.report))


def _write(arguments: argparse.Namespace, text: str) -> None:
    if not arguments.output:
        print(encodable(text, sys.stdout.encoding or "utf-8"))
        return
    try:
        Path(arguments.output).write_text(f"{text}\n", "utf-8", "backslashreplace")
    except OSError as error:
        raise UsageError(
            "the report cannot be written",
            where=f"{arguments.output}: {error.strerror}",
            hint="give -o a file in a folder that exists",
        ) from error
