"""``handrail report --compare RUN``: what changed since another run."""

import argparse

from handrail.app.reporting import report_of
from handrail.errors import UsageError
from handrail.model.records import RunRecord
from handrail.reporters import comparison
from handrail.reporters.html.comparing import compare
from handrail.reporters.json_report import ascii_json
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring


def compared(arguments: argparse.Namespace, wiring: Wiring, folder: RunFolder) -> str:
    """The comparison with the run that was named. Raises: UsageError for a format without one."""
    if arguments.format not in {"human", "json"}:
        raise UsageError(
            f"there is no comparison in the format {arguments.format}",
            hint="handrail report --compare RUN; --format json or html",
        )
    before, now = (_record(wiring, each) for each in (wiring.find(arguments.compare), folder))
    found = compare(before, now)
    if arguments.format == "json":
        return ascii_json(comparison.document(before, now, found))
    return comparison.text(before, now, found)


def _record(wiring: Wiring, folder: RunFolder) -> RunRecord:
    return report_of(folder.run_id, read_events(folder.events), wiring.history).record
