"""Whether a run that somebody starts goes on already: then it is joined, not made twice."""

import argparse
import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from handrail.errors import StateError
from handrail.frozen import dataclass
from handrail.runs import state_file
from handrail.runs.atomic import write_atomically
from handrail.runs.folder import RunFolder
from handrail.runs.locking import Held, RunLock
from handrail.wiring import Wiring

_ASIDE = frozenset(
    {"command", "color", "folder", "format", "given", "is_ci", "is_forked", "is_new", "is_quiet"}
    | {"is_warm", "remaining", "tests", "wait_s"}
)
"""What does not change which tests run, or how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """A run that goes on and does the same."""

    folder: Path
    pid: int
    """Of its supervisor."""


def identity(arguments: argparse.Namespace, wiring: Wiring) -> str:
    """Equal for two command lines that run the same tests in the same way."""
    asked = {name: value for name, value in vars(arguments).items() if name not in _ASIDE}
    only = sorted(arguments.remaining.only) if arguments.remaining else []
    return json.dumps([str(wiring.folder), asked, only], sort_keys=True, default=str)


@contextlib.contextmanager
def starting(wiring: Wiring) -> Iterator[None]:
    """Lets one run begin at a time, so that each sees those before it."""
    try:
        lock = RunLock(wiring.state.folder.root / "starting")
        held = lock.acquire(run_id="", at=time.time(), blocking=True)
    except StateError:
        held = None  # a file system without locks
    with held if isinstance(held, Held) else contextlib.nullcontext():
        yield


def find_same(wiring: Wiring, facts: Mapping[str, Any]) -> Same | None:
    """The newest such run, unless the sources were changed since it began."""
    same = [each for each in _going_on(wiring) if each[1].get("identity") == facts["identity"]]
    if not same:
        return None
    from handrail.runs import checkout

    folder, state = max(same, key=lambda each: float(each[1]["began_at"]))
    if checkout.is_changed_since(wiring.root, float(state["began_at"])):
        return None
    return Same(folder=folder, pid=int(state["owner"]["pid"]))


def _going_on(wiring: Wiring) -> Iterator[tuple[Path, state_file.State]]:
    for run in wiring.state.folder.runs():
        state = state_file.read_state(str(run.path))
        if state is not None and state_file.is_under_way(state):
            yield run.path, state


def announce(folder: RunFolder, facts: Mapping[str, Any]) -> None:
    """Write the first state of a run, so that others find it; it knows no more than that it began."""
    run_id = folder.run_id
    document = {"schema": "handrail.run/1", "run_id": run_id, "state": "preparing"}
    state = {
        "owner": state_file.owner(),
        **facts,
        "state": "preparing",
        "beat_at": facts["began_at"],
        "text": f"RUNNING exit=8 | preparing | run={run_id}\nnext: handrail wait {run_id}",
        "document": document | {"verdict": None, "exit_code": None, "complete": False},
        "bad": 0,
        "share": 0.0,
    }
    with contextlib.suppress(StateError):  # a full disk costs the state, not the run
        write_atomically(folder.path / state_file.NAME, json.dumps(state).encode("ascii"))
