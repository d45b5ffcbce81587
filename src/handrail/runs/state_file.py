"""What a run says about itself while it goes on: one small file, always replaced as a whole.

Read by the commands that answer at once, so it imports next to nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing it takes a tenth of the time of `handrail status`
    from typing import Any

    State = dict[str, Any]
else:
    State = dict

NAME = "state.json"
"""Its content, a ``State``:

``owner``, ``keeper``: pid and start of the supervisor and of its keeper. ``beat_at``: when this was
written, epoch seconds. ``state``: preparing, running, finishing or finished. ``text``: the status, or
at the end the digest. ``document``: the same as ``handrail.run/1``, at the end its first fields.
``bad``, ``share``: failures so far, and how much is done (0 to 1). ``identity``: equal for two runs
that do the same. ``began_at``: epoch seconds.
"""
_NEEDED: Mapping[str, tuple[type, ...]] = {
    "owner": (dict,),
    "document": (dict,),
    "state": (str,),
    "text": (str,),
    "beat_at": (int, float),
}


def read_state(folder: str) -> State | None:
    """The state of the run in this folder; None if it has none, or none that can be understood."""
    try:
        with open(os.path.join(folder, NAME), "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None
    is_state = isinstance(found, dict) and all(
        isinstance(found.get(name), kind) for name, kind in _NEEDED.items()
    )
    return found if is_state else None


def owner(pid: int = 0) -> dict[str, Any]:
    """How a process (this one) is known again: a pid alone may be somebody else's by tomorrow."""
    pid = pid or os.getpid()
    return {"pid": pid, "started": started(pid)}


def is_alive(owner: Mapping[str, Any]) -> bool:
    """Whether that very process still runs."""
    try:
        pid = int(owner["pid"])
        os.kill(pid, 0)
    except (KeyError, TypeError, ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return started(pid) == owner.get("started") != ""


def started(pid: int) -> str:
    """When a process began, in a unit of the system's own; empty for a zombie or if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return "" if os.path.isdir("/proc/self") else _started_elsewhere(pid)
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode()


def _started_elsewhere(pid: int) -> str:
    """Where there is no ``/proc``: macOS, the BSDs."""
    import subprocess

    found = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return "" if found.startswith("Z") else found.partition(" ")[2].strip()


def is_under_way(state: State) -> bool:
    """Whether the run that says this has a supervisor that has not finished."""
    return state.get("state") != "finished" and is_alive(state["owner"])


def goes_on(folder: str) -> bool:
    """Whether the run in this folder has a supervisor that has not finished."""
    state = read_state(folder)
    return state is not None and is_under_way(state)
