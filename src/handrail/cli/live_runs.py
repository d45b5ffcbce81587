"""What ``handrail serve`` tells of runs: all of them in short, and one that goes on in full."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from handrail.cli.standing import Standing
from handrail.core.text import name
from handrail.model.events import Collected, TestFinished
from handrail.runs import state_file
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder, StateFolder
from handrail.runs.locating import LostStateError

MOST_FINISHED = 200
"""So many tests are told of at once, the last ones."""
MOST_RUNS = 100
Stamp = tuple[tuple[int, int], ...]


def stamp(*paths: Path) -> Stamp:
    """Something that differs as soon as one of the files does."""
    found = []
    for each in paths:
        try:
            status = each.stat()
        except OSError:
            found.append((0, -1))
        else:
            found.append((status.st_mtime_ns, status.st_size))
    return tuple(found)


def all_runs(state: StateFolder) -> list[dict[str, Any]]:
    """The runs that are kept, in short, the newest first."""
    return [in_short(each) for each in state.runs()[:MOST_RUNS]]


def in_short(folder: RunFolder) -> dict[str, Any]:
    """One run: what it is and how it stands."""
    if state_file.goes_on(str(folder.path)):
        return _in_short(folder.path)
    return _of_the_past(folder.path, stamp(folder.report, folder.path / state_file.NAME))


@lru_cache(maxsize=4 * MOST_RUNS)
def _of_the_past(path: Path, _: Stamp) -> dict[str, Any]:
    return _in_short(path)


def _in_short(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = {
        "run_id": path.name,
        "is_over": True,
        "verdict": None,
        "tier": "",
        "selection": [],
        "summary": {},
        "elapsed_s": 0.0,
        "started_at": "",
        "commit": "",
    }
    try:
        standing = Standing(str(path))
    except LostStateError:
        return told
    found = standing.document
    timing = found.get("timing", {})
    return told | {
        "is_over": standing.is_over,
        "verdict": found.get("verdict"),
        "tier": found.get("tier", ""),
        "selection": found.get("selection", []),
        "summary": found.get("summary", {}),
        "elapsed_s": timing.get("elapsed_s", 0.0),
        "started_at": timing.get("started_at", ""),
        "commit": found.get("env", {}).get("commit", ""),
    }


class Follower:
    """Follows one run: how it stands, and which tests finished since it was asked last."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._offset = 0
        self._done: set[str] = set()
        self._total: int | None = None

    def told(self) -> dict[str, Any]:
        """All of it as JSON; nothing as long as the run has not begun."""
        try:
            standing = Standing(str(self._folder.path))
        except LostStateError:
            return {}
        if standing.is_over:
            return {"is_over": True}
        document = standing.document
        if "summary" not in document:
            return {}
        finished = self._finished()
        return {
            "is_over": False,
            "tier": document["tier"],
            "summary": document["summary"],
            "timing": document["timing"],
            "failures": document["failures"],
            "done": len(self._done),
            "total": self._total,
            "finished": [
                [name(each.test), each.outcome.value, each.duration_s, each.worker]
                for each in finished[-MOST_FINISHED:]
            ],
        }

    def _finished(self) -> list[TestFinished]:
        reader = read_events(self._folder.events, offset=self._offset)
        found = []
        for event in reader:
            if isinstance(event, TestFinished):
                found.append(event)
                self._done.add(event.test)
            elif isinstance(event, Collected):
                self._total = len(event.tests)
        self._offset = reader.offset
        return found
