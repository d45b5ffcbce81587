"""What the keeper of a run does when its supervisor was killed: the verdict that is left to give."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence

from handrail.app.remembering import remember
from handrail.app.reporting import Report, conclude
from handrail.cli.publishing import keep
from handrail.cli.state_writer import StateWriter
from handrail.core.folding import Folding
from handrail.core.text import redacted
from handrail.errors import StateError
from handrail.model.events import Event, Note, RunProblem, from_json
from handrail.model.outcomes import Verdict
from handrail.ports.history import History
from handrail.runs.event_log import EventLog, read_events
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring

_CHUNK_BYTES = 1 << 20


def conclude_lost(
    wiring: Wiring, folder: RunFolder, events: int, left: Mapping[int, str], *, has_tests: bool
) -> None:
    """Judge the run by what it told, and keep what its supervisor had no time to keep.

    ``events``: the pipe in which the last of that may be left. ``left``: processes that could not
    be ended, names by pid.
    """
    history = wiring.fresh_history()
    with EventLog(folder.events) as log:
        log.append(list(_left_in(events, wiring.settings.redact)))
        folding = Folding()
        for event in read_events(folder.events):
            folding.add(event)
        if folding.is_concluded:
            _keep_concluded(wiring, folder, folding, history, has_tests=has_tests)
            return
        if not folding.has_begun:
            return  # it told nothing; that it was lost is seen from its state
        problem = RunProblem(
            at=time.time(),
            verdict=Verdict.INFRA_ERROR,
            code="supervisor-lost",
            message="the supervisor of the run was killed",
            fix="run again; if nobody killed it, the machine was out of memory",
        )
        told: list[Event] = [problem, *_left_behind(left)]
        log.append(told)
        for event in told:
            folding.add(event)
        report = conclude(folding, log, history, allow_empty=False)
    remember(report, history, report.record.started.env)
    keep(report, wiring, folder, StateWriter(folder, folding, {}), has_tests=has_tests)


def _left_behind(left: Mapping[int, str]) -> Iterator[Note]:
    if left:
        named = ", ".join(f"{pid} ({name})" for pid, name in [*left.items()][:5])
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        text = f"processes of the run could not be ended: {named}{more}"
        yield Note(at=time.time(), text=text, code="left-behind", is_warning=True)


class _Unkept:
    """Where an event goes that the log has already."""

    def append(self, batch: Sequence[Event | bytes]) -> None:
        """Keep nothing."""


def _keep_concluded(
    wiring: Wiring, folder: RunFolder, folding: Folding, history: History, *, has_tests: bool
) -> None:
    """The supervisor was killed between the verdict and its last word."""
    ended = folding.record().ended
    is_passed = ended is not None and ended.verdict is Verdict.PASSED
    report = conclude(folding, _Unkept(), history, allow_empty=is_passed)
    if not _is_remembered(report, history):
        remember(report, history, report.record.started.env)
    keep(report, wiring, folder, StateWriter(folder, folding, {}), has_tests=has_tests)


def _is_remembered(report: Report, history: History) -> bool:
    try:
        return any(each.run_id == report.record.started.run_id for each in history.runs())
    except StateError:
        return True  # and cannot be written either


def _left_in(events: int, redact: Sequence[str]) -> Iterator[Event]:
    """What the session wrote and nobody read. It is gone, so the pipe has an end.

    The first line may be the end of one whose beginning went with the supervisor.
    """
    chunks = []
    os.set_blocking(events, False)
    try:
        while chunk := os.read(events, _CHUNK_BYTES):
            chunks.append(chunk)
    except OSError:
        pass
    for line in b"".join(chunks).split(b"\n"):
        try:
            yield redacted(from_json(json.loads(line)), redact)
        except (ValueError, KeyError, TypeError):
            continue
