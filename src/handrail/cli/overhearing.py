"""Follow a run whose supervisor does not talk to us, by what it leaves on disk, and answer as a run
of our own would.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

from handrail.app.reporting import Report, report_on
from handrail.cli.publishing import answer, document_of, print_safely
from handrail.cli.standing import Standing
from handrail.cli.views import printer, view
from handrail.cli.waiting import LOOK_S, show
from handrail.core.folding import Folding
from handrail.errors import ExitCode, StateError
from handrail.execution.console import ERR, Screen, Watch
from handrail.model.events import Event
from handrail.model.surroundings import format_for
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring, wire


def overhear(
    arguments: argparse.Namespace, watch: Watch, *, timeout_s: float | None = None
) -> ExitCode:
    """Follow the run that ``watch`` knows to its end, and answer in the format that was asked for.

    What its supervisor has printed already is not printed again. A run that left less than its
    verdict is told of by what it said about itself last.
    """
    wiring = wire(arguments.folder)
    shape = format_for(arguments.format, wiring.environ)
    folder = RunFolder(Path(watch.folder))
    log = _Log(folder, _unless_printed(printer(shape), watch))
    standing = _wait(arguments, shape, watch, log, timeout_s)
    report = _report(log, arguments, wiring, folder) if standing.is_over else None
    if report is None:
        return show(standing, is_json=arguments.format == "json")
    if shape != "ndjson" and not watch.printed:
        document = document_of(report, wiring, folder, has_tests=arguments.tests)
        print_safely(answer(arguments, wiring, shape, report, folder, document), sys.stdout)
    return report.judgement.exit_code


def _wait(
    arguments: argparse.Namespace, shape: str, watch: Watch, log: "_Log", timeout_s: float | None
) -> Standing:
    """Where the run stands when it is over, or when we wait no longer. Shows it meanwhile."""
    ends_at = None if timeout_s is None else time.monotonic() + timeout_s
    stream = cast("TextIO", Screen(watch.show, ERR, is_terminal=sys.stderr.isatty()))
    with view(arguments, shape, log.folding, stream) as shown:
        while True:
            standing = Standing(watch.folder)
            log.read()
            if standing.is_over or (ends_at is not None and time.monotonic() >= ends_at):
                return standing
            if log.folding.has_begun:
                shown.tick(time.time())
            time.sleep(LOOK_S)


class _Log:
    """The events of a run as they come."""

    def __init__(self, folder: RunFolder, on_event: Callable[[Event], None] | None) -> None:
        self._path = folder.events
        self._offset = 0
        self._on_event = on_event
        self.folding = Folding()

    def read(self) -> None:
        """Take in what is new."""
        with suppress(OSError):
            if os.stat(self._path).st_size == self._offset:
                return
        events = read_events(self._path, offset=self._offset)
        for event in events:
            self.folding.add(event)
            if self._on_event is not None:
                self._on_event(event)
        self._offset = events.offset


def _unless_printed(
    told: Callable[[Event], None] | None, watch: Watch
) -> Callable[[Event], None] | None:
    """Leave out the events that the supervisor has printed itself."""
    if told is None or not watch.printed:
        return told
    from handrail.reporters.ndjson import line

    def rest(event: Event) -> None:
        if hash(line(event).encode()) not in watch.printed:
            told(event)

    return rest


def _report(
    log: _Log, arguments: argparse.Namespace, wiring: Wiring, folder: RunFolder
) -> Report | None:
    """What the whole log tells; None if it is not whole: on a full disk, or without a keeper."""
    if not (log.folding.has_begun and log.folding.is_concluded):
        return None
    with suppress(StateError):
        history = wiring.history_beside(folder)
        return report_on(log.folding.record(), history, allow_empty=arguments.allow_empty)
    return None
