"""``handrail report merge``: the runs of several machines as one, with one verdict."""

import argparse
import random
import sys

from handrail.app.reporting import conclude
from handrail.cli.publishing import keep
from handrail.cli.state_writer import StateWriter
from handrail.core.folding import Folding
from handrail.core.merging import merge
from handrail.core.text import encodable
from handrail.errors import ExitCode, UsageError
from handrail.reporters import json_report
from handrail.reporters.digest import digest
from handrail.runs.attached import adopt
from handrail.runs.event_log import EventLog, read_events
from handrail.wiring import wire


def merge_runs(arguments: argparse.Namespace) -> ExitCode:
    """Make one run of several, keep it, print its verdict and return its exit code."""
    wiring = wire(arguments.folder)
    folders = [wiring.find(each) for each in arguments.folders]
    logs = [list(read_events(each.events)) for each in folders]
    run = wiring.state.folder.create_run(random.Random())
    try:
        events = merge(logs, run.run_id, expected=arguments.expect)
    except ValueError:
        empty = [str(each.path) for each, log in zip(folders, logs, strict=True) if not log]
        raise UsageError(
            "there is nothing to merge" if not folders else "a run left no events",
            where="\n".join(empty),
            hint="handrail report merge DIR...; each holds the events.ndjson of a run",
        ) from None
    folding = Folding()
    with EventLog(run.events) as log:
        for event in events:
            folding.add(event)
        log.append(events)
        report = conclude(folding, log, wiring.history, allow_empty=arguments.allow_empty)
    for each in folders:
        adopt(each.path, run.path)
    document, _ = keep(report, wiring, run, StateWriter(run, folding, {}), has_tests=True)
    parts = (report.record, report.judgement, report.causes, report.labels)
    is_json = arguments.format == "json"
    text = json_report.text(document) if is_json else digest(*parts, report_path=str(run.report))
    print(encodable(text, sys.stdout.encoding or "utf-8"))
    return report.judgement.exit_code
