"""Databases of failed tests: folders of data, kept when the servers are gone."""

import contextlib
import json
import shutil
import time
from pathlib import Path

from handrail.errors import UserError
from handrail.frozen import dataclass
from handrail.services.copying import copy_folder
from handrail.services.snapshots import size_bytes

MOST = 10
"""Of them are kept; the oldest goes for the next."""
_DATA, _ABOUT = "data", "about.json"


class NoSuchKeptError(UserError):
    """No database is kept under that name."""

    reference = "no-such-kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept for one failed test."""

    id: str
    folder: Path
    """The data that a server can be started on."""
    test: str
    database: str
    at: float
    """Seconds since the epoch."""


def keep(base: Path, name: str, data: Path, *, test: str, database: str) -> Kept:
    """Copy the data of a server that is quiet. Raises: OSError."""
    for old in kept(base)[MOST - 1 :]:
        shutil.rmtree(old.folder.parent, ignore_errors=True)
    home = base / name
    home.mkdir(parents=True)
    home.chmod(0o711)
    copy_folder(str(data), str(home / _DATA))
    (home / _DATA / "postmaster.pid").unlink(missing_ok=True)
    about = {"test": test, "database": database, "at": time.time()}
    (home / _ABOUT).write_text(json.dumps(about), "utf-8")
    return Kept(id=name, folder=home / _DATA, **about)  # type: ignore[arg-type]


def remove_older(base: Path, since: float) -> int:
    """Remove those that were kept before then; return their bytes. Units: seconds since the epoch."""
    removed_bytes = 0
    for each in kept(base):
        if each.at < since:
            removed_bytes += size_bytes(each.folder)
            shutil.rmtree(each.folder.parent, ignore_errors=True)
    return removed_bytes


def kept(base: Path) -> list[Kept]:
    """All, the newest first."""
    found = []
    for path in base.glob(f"*/{_ABOUT}"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            about = json.loads(path.read_text("utf-8"))
            found.append(Kept(id=path.parent.name, folder=path.parent / _DATA, **about))
    return sorted(found, key=lambda each: -each.at)


def find(base: Path, name: str) -> Kept:
    """The one of that name. Raises: NoSuchKeptError."""
    there = kept(base)
    for each in there:
        if each.id == name:
            return each
    raise NoSuchKeptError(
        f"no database is kept as {name}",
        where="\n".join(f"{each.id}: {each.test}" for each in there),
        hint="keep those of failed tests: handrail run --keep-services",
    )
