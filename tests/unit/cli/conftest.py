"""Runs made by hand: the folder that a run leaves while it goes on, and after."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handrail.runs.state_file import NAME, owner

MakeRun = Callable[..., Path]


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs these tests may itself have a state folder."""
    monkeypatch.delenv("HANDRAIL_STATE", raising=False)


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes the folder of a run in the project ``tmp_path``; keywords replace parts of its state."""
    (tmp_path / "pyproject.toml").touch()

    def make(
        run_id: str = "7k2f",
        *,
        log: bytes | None = None,
        report: dict[str, Any] | None = None,
        has_state: bool = True,
        **changes: object,
    ) -> Path:
        folder = tmp_path / ".handrail" / "runs" / run_id
        folder.mkdir(parents=True, exist_ok=True)
        (folder.parent / "latest").write_text(f"{run_id}\n")
        if has_state:
            write_state(folder, **changes)
        if log is not None:
            (folder / "pytest.log").write_bytes(log)
        if report is not None:
            (folder / "report.json").write_text(json.dumps(report))
        return folder

    return make


@pytest.fixture(name="write_state")
def _write_state() -> Callable[..., None]:
    """Replaces the state of a run, as its supervisor does."""
    return write_state


def write_state(folder: Path, **changes: object) -> None:
    run_id = folder.name
    document = {"schema": "handrail.run/1", "run_id": run_id, "exit_code": 8, "state": "running"}
    state = {
        "owner": owner(),
        "state": "running",
        "beat_at": 4e9,
        "text": f"RUNNING exit=8 | fast | 1/4 | run={run_id}\nnext: handrail wait {run_id}",
        "document": document,
        "bad": 0,
        "share": 0.25,
        **changes,
    }
    (folder / f"{NAME}.new").write_text(json.dumps(state))
    os.replace(folder / f"{NAME}.new", folder / NAME)
