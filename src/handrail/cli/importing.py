"""``handrail report import FILE...``: results of other tools, or of other machines, into history."""

import argparse
import hashlib
import time
from pathlib import Path

from handrail.core.folding import is_bad
from handrail.core.imports import Imported, NotAReportError, read_report
from handrail.errors import ExitCode, UsageError
from handrail.ports.history import RunRow
from handrail.reporters.lines import plural
from handrail.wiring import Wiring, wire

_KNOWN = 1_000_000
"""Runs that are looked at for one that was imported already."""


def import_reports(arguments: argparse.Namespace) -> ExitCode:
    """Keep the tests of each file as a run of its own; one that was imported before is left out."""
    wiring = wire(arguments.folder)
    if not arguments.folders:
        raise UsageError(
            "there is nothing to import",
            hint="handrail report import junit.xml ctrf.json --commit $(git rev-parse HEAD)",
        )
    found = [(each, *_read(wiring, each)) for each in arguments.folders]
    known = {each.run_id for each in wiring.history.runs(last=_KNOWN)}
    for name, run_id, report in found:
        if run_id in known:
            print(f"{name}: was imported before")
            continue
        known.add(run_id)
        wiring.history.save(_row(run_id, report, arguments.commit or ""), report.attempts)
        print(f"{name}: {plural(len(report.attempts), 'attempt')}, {_bad(report)} bad")
    return ExitCode.PASSED


def _bad(report: Imported) -> int:
    return sum(is_bad(each) for each in report.attempts)


def _read(wiring: Wiring, name: str) -> tuple[str, Imported]:
    """A name made of what the file holds, and the tests in it. Raises: UsageError."""
    path = Path(wiring.folder, name)
    try:
        data = path.read_bytes()
        report = read_report(data.decode("utf-8-sig"), lambda each: (wiring.root / each).is_file())
    except OSError as error:
        raise UsageError(
            "the report cannot be read", where=f"{name}: {error.strerror}", hint="check its name"
        ) from error
    except (NotAReportError, UnicodeDecodeError) as error:
        raise UsageError(
            "the file is no report that can be imported",
            where=f"{name}: {error}",
            hint="JUnit XML (pytest --junitxml) and CTRF are understood",
        ) from error
    return f"import-{hashlib.blake2b(data, digest_size=6).hexdigest()}", report


def _row(run_id: str, report: Imported, commit: str) -> RunRow:
    started_at = report.started_at or time.time()
    return RunRow(
        run_id=run_id,
        started_at=started_at,
        ended_at=started_at + report.took_s,
        verdict="failed" if _bad(report) else "passed",
        tiers="",
        workers=0,
        python="",
        commit=commit,
        is_dirty=False,
        is_partial=True,
        machine=report.machine,
    )
