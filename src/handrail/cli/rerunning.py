"""``handrail rerun``: the rest of an earlier run, as a new one with the same selection."""

import argparse
import contextlib
import json
from pathlib import Path

from handrail.cli import attending
from handrail.cli.parser import parse
from handrail.core import causes as grouping
from handrail.core.folding import fold
from handrail.core.remaining import remaining
from handrail.errors import ExitCode, StateError
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder
from handrail.wiring import wire

_AS_ASKED_NOW = ("format", "tests", "color", "is_quiet", "is_ci", "wait_s")


class NothingKnownError(StateError):
    """A run left too little to make another one like it."""

    reference = "cannot-rerun"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"run {run_id} does not say how it was started",
            where="its log is empty, or of an older version",
            hint="run the tests again: handrail run",
        )


def rerun(arguments: argparse.Namespace) -> ExitCode:
    """Run what is left of a run, with its own selection, and follow it."""
    wiring = wire(arguments.folder)
    folder = wiring.find(arguments.run)
    try:
        record = fold(read_events(folder.events))
    except ValueError:
        raise NothingKnownError(folder.run_id) from None
    if not record.started.arguments:
        raise NothingKnownError(folder.run_id)
    found = grouping.causes(record)
    again = parse(record.started.arguments)
    for name in _AS_ASKED_NOW:
        setattr(again, name, getattr(arguments, name))
    again.folder = str(wiring.root / record.started.folder)
    again.remaining = remaining(record, found, arguments.causes, done_before(folder))
    again.rerun_of = folder.run_id
    again.allow_empty = True
    again.is_warm = False
    again.allow = []  # a gate that was opened for that run was opened for that run only
    return attending.run(again)


def done_before(folder: RunFolder) -> frozenset[str]:
    """What the run in this folder left out, because runs before it had done it."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return frozenset(json.loads(Path(folder.done).read_bytes()))
    return frozenset()
