"""Servers that run only to make the data that others start on."""

from pathlib import Path

from handrail.frozen import replace
from handrail.model.services import Start


def elsewhere(start: Start, folder: Path, base: Path) -> Start:
    """The same server in another folder that stays, on data that is copied from ``base``."""
    before, after = start.folder, str(folder)
    return replace(
        start,
        name=f"{start.name}-template",
        argv=tuple(each.replace(before, after) for each in start.argv),
        folder=after,
        is_kept=True,
        copy_of=str(base),
        address=replace(start.address, path=start.address.path.replace(before, after)),
    )
