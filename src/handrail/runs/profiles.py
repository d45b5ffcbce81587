"""What a profiled run left in its folder: one file for each process, then the graph and the stacks."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from handrail.core.profiles import Profile, collapsed, profile_of
from handrail.runs.atomic import write_atomically
from handrail.runs.folder import RunFolder

GRAPH, STACKS = "flame.svg", "stacks.txt"


def folder_of(run: RunFolder) -> Path:
    """Where processes leave what they measured."""
    return run.path / "profile"


def read(run: RunFolder) -> Profile | None:
    """The profile of a run; None if it was not profiled."""
    kinds: list[str] = []
    measured: list[dict[str, Any]] = []
    for each in sorted(folder_of(run).glob("*.json")):
        with suppress(OSError, ValueError, TypeError, KeyError):  # its process was killed
            found = json.loads(each.read_text("utf-8"))
            kinds.append(found["kind"])
            measured.append(found)
    return profile_of(kinds[0], measured) if kinds else None


def files(run: RunFolder) -> list[Path]:
    """The graph and the stacks, if they are there."""
    found = (folder_of(run) / GRAPH, folder_of(run) / STACKS)
    return [each for each in found if each.exists()]


def keep(run: RunFolder, profile: Profile, graph: str) -> None:
    """Write the graph and the stacks, in milliseconds or kibibytes. Raises: StateError."""
    unit = 1024.0 if profile.kind == "memory" else 0.001
    write_atomically(folder_of(run) / GRAPH, graph.encode("utf-8"))
    text = collapsed(profile.stacks, unit=unit)
    write_atomically(folder_of(run) / STACKS, f"{text}\n".encode("utf-8", "replace"))
