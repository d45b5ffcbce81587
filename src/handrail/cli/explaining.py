"""``handrail explain``: one failure of a run in full."""

import argparse
import sys
from pathlib import Path
from typing import Any

from handrail.app.reporting import report_of
from handrail.core.causes import Cause
from handrail.core.logged import encode
from handrail.core.remaining import find_cause
from handrail.core.text import encodable
from handrail.errors import ExitCode
from handrail.frozen import replace
from handrail.model.records import RunRecord
from handrail.reporters import json_report
from handrail.reporters.explanation import OUTPUT_LINES, Past, as_json, explanation
from handrail.reporters.log_lines import section, shortened, tail
from handrail.runs import checkout
from handrail.runs.event_log import read_events
from handrail.runs.logged import read_log
from handrail.wiring import Wiring, wire

MAX_COMMITS = 20
MAX_LOG_LINES = 50
MAX_LOG_BYTES = 16384


def explain(arguments: argparse.Namespace) -> ExitCode:
    """Print everything that is known of one failure."""
    wiring = wire(arguments.folder)
    folder = wiring.find(arguments.run)
    report = report_of(folder.run_id, read_events(folder.events), wiring.history)
    cause = find_cause(arguments.cause, report.causes)
    past = _past(wiring, cause, report.record)
    test = arguments.cause if arguments.cause in cause.tests else cause.tests[0]
    if arguments.is_json:
        extras = json_report.Extras(outcomes=report.outcomes)
        label = report.labels.get(cause.id)
        failure = json_report.failure(report.record, cause, label, extras)
        document = as_json(failure, cause, past) | _logged(folder.test_log, test)
        print(json_report.ascii_json(document))
        return ExitCode.PASSED
    cause = _with_log(cause, folder.test_log, test)
    text = explanation(report.record, cause, report.labels.get(cause.id), past)
    print(encodable(text, sys.stdout.encoding or "utf-8"))
    return ExitCode.PASSED


def _with_log(cause: Cause, path: Path, test: str) -> Cause:
    """With what the test logged, where that was kept, in place of what pytest captured of it."""
    text = section(read_log(path, test), OUTPUT_LINES - 1)
    if not text:
        return cause
    captured = cause.problem.sections
    kept = (each for each in captured if not each[0].startswith("Captured log"))
    sections = (*kept, (f"log of {test}", text))
    return replace(cause, problem=replace(cause.problem, sections=sections))


def _logged(path: Path, test: str) -> dict[str, Any]:
    lines = map(shortened, read_log(path, test))
    found = tail(
        lines, most=MAX_LOG_LINES, most_bytes=MAX_LOG_BYTES, size=lambda line: len(encode(line))
    )
    if not found.lines:
        return {}
    documents = [line.document() for line in found.lines]
    return {"test_log": {"test": test, "lines": documents, "omitted": found.omitted}}


def _past(wiring: Wiring, cause: Cause, record: RunRecord) -> Past:
    env, test = record.started.env, cause.tests[0]
    own = sum(each.test == test for each in record.finished)  # the newest ones are this run's own
    seen = wiring.history.seen([test], last=10 + own).get(test)
    if seen is None:
        return Past()
    outcomes, commits = seen.outcomes[own:], seen.commits[own:]
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
