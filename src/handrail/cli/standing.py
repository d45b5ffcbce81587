"""Where a run stands, read from what its supervisor wrote: for those who ask, and who wait.

Imports next to nothing: these commands are called often, by people and agents who want an answer now.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping

from handrail.errors import ExitCode
from handrail.runs.locating import LostStateError, existing, find_run, run_folder, state_folder
from handrail.runs.state_file import State, is_alive, read_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SILENCE_S = 5.0
"""A supervisor that has not written its state for so long is said to be silent."""
KEEPER_S = 30.0
"""How long a living keeper may take to end what is left and to write the verdict."""
LOST = "its supervisor ended before its time"


class Standing:
    """One look at one run."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.run_id = os.path.basename(folder)
        state = read_state(folder)
        is_lost = False
        if state is not None and state["state"] != "finished" and not is_alive(state["owner"]):
            # It may have ended between the two looks; its keeper may be writing the verdict.
            state, is_lost = _settled(folder, state)
        self._state = state if state is not None else _left_behind(folder)
        self.is_lost = is_lost

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.is_lost or self._state["state"] == "finished"

    @property
    def owner(self) -> Mapping[str, object]:
        """The process of its supervisor."""
        owner: Mapping[str, object] = self._state.get("owner", {})
        return owner

    @property
    def exit_code(self) -> ExitCode:
        """That of the verdict, or 8 as long as there is none."""
        if self.is_lost:
            return ExitCode.INFRA_ERROR
        if not self.is_over:
            return ExitCode.STILL_RUNNING
        return ExitCode(self._state["document"]["exit_code"])

    @property
    def failures(self) -> int:
        """How many tests and modules are known to have failed."""
        return int(self._state.get("bad", 0))

    @property
    def share(self) -> float:
        """How much of the tests is done, 0 to 1."""
        return float(self._state.get("share", 0.0))

    @property
    def line(self) -> str:
        """Where it stands, on one line."""
        return self.text.partition("\n")[0]

    @property
    def text(self) -> str:
        """For a person or an agent: the status, or the digest of a run that is over."""
        text: str = self._state["text"]
        if self.is_lost:
            head, _, rest = text.partition("\n")
            known = head.replace("RUNNING exit=8", f"INFRA_ERROR exit=2 | {LOST}")
            again = f"next: handrail rerun {self.run_id}"
            body = [line for line in rest.split("\n") if line and not line.startswith("next: ")]
            result = f"RESULT infra_error exit=2 run={self.run_id} complete=no"
            return "\n".join([known, *body, again, result])
        silent_s = time.time() - self._state["beat_at"]
        if not self.is_over and silent_s > SILENCE_S:
            return f"{text}\nnote: no sign of life of its supervisor for {silent_s:.0f}s"
        return text

    @property
    def document(self) -> dict[str, Any]:
        """The same as ``handrail.run/1``."""
        if self.is_over and not self.is_lost:
            report = _read_json(os.path.join(self.folder, "report.json"))
            if report is not None:
                return report
        document: dict[str, Any] = dict(self._state["document"])
        if self.is_lost:
            infra = {
                "code": "supervisor-lost",
                "message": LOST,
                "fix": f"handrail rerun {self.run_id}",
            }
            lost = {"state": "finished", "verdict": "infra_error", "exit_code": 2}
            document |= lost | {"complete": False, "infra": infra}
        return document


def standing_of(folder: str | None, reference: str) -> Standing:
    """A look at the run that ``reference`` means, in the project around ``folder``.

    Raises: NoSuchRunError, AmbiguousRunError, LostStateError.
    """
    state = state_folder(existing(folder), os.environ)
    return Standing(run_folder(state, find_run(state, reference)))


def _settled(folder: str, state: State) -> tuple[State, bool]:
    """The state of a run whose supervisor is gone, and whether it is lost: no verdict came."""
    ends_at = time.monotonic() + KEEPER_S
    while time.monotonic() < ends_at:
        state = read_state(folder) or state
        if state["state"] == "finished":
            return state, False
        if not state.get("keeper") or not is_alive(state["keeper"]):
            break
        time.sleep(0.02)
    state = read_state(folder) or state
    return state, state["state"] != "finished"


def _left_behind(folder: str) -> State:
    """The state of a run that has none: one of an older version, or one from elsewhere."""
    report = _read_json(os.path.join(folder, "report.json")) or {}
    verdict, code = report.get("verdict"), report.get("exit_code")
    if not isinstance(verdict, str) or code not in set(ExitCode):
        raise LostStateError(os.path.basename(folder))
    text = f"{verdict.upper()} exit={code} | run={os.path.basename(folder)}"
    return {"state": "finished", "text": text, "document": report, "beat_at": 0.0}


def _read_json(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
