"""``handrail explain``: one failure of a run in full."""

import argparse
import sys
from collections.abc import Mapping

from handrail.app.reporting import report_of
from handrail.core.causes import Cause
from handrail.core.remaining import find_cause
from handrail.core.text import encodable
from handrail.errors import ExitCode
from handrail.reporters import json_report
from handrail.reporters.explanation import Past, as_json, explanation
from handrail.runs import checkout
from handrail.runs.event_log import read_events
from handrail.wiring import Wiring, wire

MAX_COMMITS = 20


def explain(arguments: argparse.Namespace) -> ExitCode:
    """Print everything that is known of one failure."""
    wiring = wire(arguments.folder)
    folder = wiring.find(arguments.run)
    report = report_of(folder.run_id, read_events(folder.events), wiring.history)
    cause = find_cause(arguments.cause, report.causes)
    past = _past(wiring, cause, report.record.started.env)
    if arguments.is_json:
        extras = json_report.Extras(outcomes=report.outcomes)
        label = report.labels.get(cause.id)
        failure = json_report.failure(report.record, cause, label, extras)
        print(json_report.ascii_json(as_json(failure, cause, past)))
        return ExitCode.PASSED
    text = explanation(report.record, cause, report.labels.get(cause.id), past)
    print(encodable(text, sys.stdout.encoding or "utf-8"))
    return ExitCode.PASSED


def _past(wiring: Wiring, cause: Cause, env: Mapping[str, str]) -> Past:
    seen = wiring.history.seen(cause.tests[:1], last=11).get(cause.tests[0])
    if seen is None:
        return Past()
    outcomes, commits = seen.outcomes[1:], seen.commits[1:]  # the newest one is this run's own
    at = next((n for n, each in enumerate(outcomes) if each == "passed"), None)
    passed_at = commits[at] if at is not None else ""
    here = env.get("commit", "")
    between = checkout.commits_between(wiring.root, passed_at, here) if passed_at and here else []
    return Past(
        outcomes=outcomes,
        passed_at=passed_at,
        commits=between[:MAX_COMMITS],
        is_changed=env.get("dirty") == "yes",
    )
