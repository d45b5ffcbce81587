"""What generated workflows are pinned to: a dated file, which changes by itself never."""

import json
from collections.abc import Mapping
from pathlib import Path

from handrail.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Actions by commit, the machine, the Pythons that there are."""

    date: str
    actions: Mapping[str, tuple[str, str]]
    """By ``owner/name``: the commit, and the version that it is."""
    runner: str
    pythons: tuple[str, ...]
    """Ascending."""

    def use(self, action: str) -> str:
        """What stands behind ``uses:``; ``action`` may be in a folder: ``actions/cache/save``."""
        name = "/".join(action.split("/")[:2])
        commit, version = self.actions[name]
        return f"{action}@{commit} # {version}"


def load_pins() -> Pins:
    """Those that this version of Handrail comes with."""
    found = json.loads(Path(__file__).with_name("pins.json").read_text("ascii"))
    return Pins(
        date=found["date"],
        actions={name: (commit, version) for name, (commit, version) in found["actions"].items()},
        runner=found["runner"],
        pythons=tuple(found["pythons"]),
    )
