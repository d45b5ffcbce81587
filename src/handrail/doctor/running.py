"""Services, what earlier runs have left, and what they have learned (D08, D10, D14)."""

import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from handrail.doctor.findings import Around, Finding, Weight
from handrail.errors import StateError, UserError
from handrail.runs.folder import StateFolder
from handrail.runs.state_file import is_under_way, read_state
from handrail.services.sessions import base_folder, dead, sweep
from handrail.services.usual import needed_services, usual_fleet
from handrail.store.sqlite_history import SqliteHistory

_SLOW_S = 10.0
"""What a test may take before it is worth a word."""
_SHARE = 0.2
"""Of the time of all tests."""


def services(around: Around) -> Iterator[Finding]:
    """D08: every service can be started here, or answers where it runs already."""
    if around.settings is None:
        return
    found = {each.name: each for each in needed_services(around.settings)}
    folder = around.settings.services_folder
    fleet, _ = usual_fleet(found, around.environ, folder, around.root, lambda _: None)
    for name, service in found.items():
        if service.command is not None and service.url is None:
            continue
        try:
            fleet.get(name) if service.url is not None else fleet.backend(name)
        except UserError as error:
            yield Finding(what=error.what, where=error.where, fix=error.hint)


def leftovers(around: Around) -> Iterator[Finding]:
    """D10: no run that nobody supervises, no servers that nobody answers for."""
    state = StateFolder(around.state)
    for run in state.runs():
        known = read_state(str(run.path))
        if known is not None and known.get("state") != "finished" and not is_under_way(known):
            yield Finding(
                what=f"run {run.run_id} has no supervisor any more",
                where=str(run.path),
                fix=f"handrail rerun {run.run_id}, or handrail clean",
                weight=Weight.NOTE,
            )
    for base in _bases(around):
        count = len(dead(base))
        if count:
            yield Finding(
                what=f"{count} folders of servers belong to nobody any more",
                where=str(base),
                fix="handrail services clean",
                repair=partial(sweep, base),
            )


def _bases(around: Around) -> Iterator[Path]:
    configured = around.settings.services_folder if around.settings else None
    try:
        base = Path(configured) if configured else base_folder()
    except UserError:
        return
    if base.is_dir():
        yield base


def history(around: Around) -> Iterator[Finding]:
    """D14: the history can be read; the tests that cost most."""
    path = StateFolder(around.state).history
    if not path.exists():
        return
    store = SqliteHistory(path)
    try:
        durations = store.durations()
    except StateError as error:
        yield Finding(what=error.what, where=error.where, fix=error.hint)
        return
    total = sum(durations.values())
    slow = {test: took for test, took in durations.items()
            if took > _SLOW_S and took > _SHARE * total}  # fmt: skip
    for test, took in sorted(slow.items(), key=lambda each: -each[1])[:3]:
        share = took / total
        yield Finding(
            what=f"one test takes {took:.0f} s, {share:.0%} of the time of all",
            where=f"{test}; the median takes {statistics.median(durations.values()):.2f} s",
            fix="split it, or mark it slow so that it leaves the fast tier",
            weight=Weight.NOTE,
        )
