"""Keeps the state of a run on disk, for ``handrail status`` and ``wait``: a view among the views."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from handrail.core import causes as grouping
from handrail.core.causes import Cause
from handrail.core.folding import Folding
from handrail.core.lifecycle import RunState, state_of
from handrail.errors import StateError
from handrail.reporters import json_report
from handrail.reporters.status import status
from handrail.runs import state_file
from handrail.runs.atomic import write_atomically
from handrail.runs.folder import RunFolder
from handrail.runs.reserve import write_last

BEAT_S = 0.5
COST = 50
"""Writing takes at most one part in so many of the time."""


class StateWriter:
    """Writes ``state.json`` when it is due. A disk that is full costs the state, not the run."""

    def __init__(self, folder: RunFolder, folding: Folding, facts: Mapping[str, Any]) -> None:
        self._folder = folder
        self._folding = folding
        self._facts = {"owner": state_file.owner(), **facts}
        self._due_at = 0.0
        self._causes: tuple[Cause, ...] = ()
        self._known: tuple[object, ...] = ()
        """The failures that ``_causes`` is made of."""

    def tick(self, now: float) -> None:
        """Write the state, if it is time to. ``now``: epoch seconds."""
        if now < self._due_at:
            return
        began = time.monotonic()
        self.write(now)
        self._due_at = now + max(BEAT_S, COST * (time.monotonic() - began))

    def write(self, now: float) -> None:
        """Write the state of a run that goes on."""
        record, standing = self._folding.outline(), self._folding.progress()
        known = (record.finished, record.collection_failures)
        if known != self._known:
            self._known, self._causes = known, grouping.causes(record)
        state = state_of(self._folding)
        extras = json_report.Extras(state=state.value, now=now, standing=standing)
        self._put(
            state=state,
            at=now,
            text=status(record, standing, self._causes, {}, now),
            document=json_report.document(record, None, self._causes, {}, extras),
            bad=standing.bad,
            share=standing.done / standing.total if standing.total else 0.0,
        )

    def conclude(self, text: str, document: Mapping[str, Any]) -> None:
        """Write the last state: the digest; the whole document is in the report."""
        short = {name: document[name] for name in ("schema", "run_id", "verdict", "exit_code")}
        last: dict[str, Any] = {
            "document": short | {"state": RunState.FINISHED.value},
            "bad": self._folding.progress().bad,
            "share": 1.0,
        }
        now = time.time()
        whole = self._encoded(state=RunState.FINISHED, at=now, text=text, **last)
        in_short = _first_and_last(text)
        brief = self._encoded(state=RunState.FINISHED, at=now, text=in_short, **last)
        with suppress(StateError):  # where nothing at all could be kept
            write_last(self._path, whole, in_short=brief)

    def _put(self, *, state: RunState, at: float, **rest: object) -> None:
        with suppress(StateError):  # the event log has the same trouble, and says so
            write_atomically(self._path, self._encoded(state=state, at=at, **rest))

    def _encoded(self, *, state: RunState, at: float, **rest: object) -> bytes:
        document = {**self._facts, "state": state.value, "beat_at": at, **rest}
        return json_report.ascii_json(document).encode("ascii")

    @property
    def _path(self) -> Path:
        return Path(self._folder.path, state_file.NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """The last state is written when the verdict is known."""


def _first_and_last(text: str) -> str:
    lines = text.splitlines()
    return text if len(lines) < 3 else f"{lines[0]}\n{lines[-1]}"
