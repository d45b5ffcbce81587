"""What can be wrong with the history file. None of it is a reason to change a run's verdict."""

import sqlite3
from pathlib import Path

from handrail.errors import StateError


class DamagedHistoryError(StateError):
    """The file is not a database, or no longer a whole one."""

    reference = "history-damaged"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            "the history is damaged",
            where=f"{path}: {why}",
            hint=f"nothing to do: the next run moves it to {aside(path).name} and begins a new one",
        )


class NewerHistoryError(StateError):
    """A later version of Handrail has changed the file's layout."""

    reference = "history-newer"

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(
            "the history was written by a newer handrail",
            where=f"{path}: layout {version}, this handrail knows {known}",
            hint="upgrade handrail",
        )


class LockedHistoryError(StateError):
    """Another process kept on writing."""

    reference = "history-locked"

    def __init__(self, path: Path, waited_s: float) -> None:
        super().__init__(
            "the history is locked by another process",
            where=f"{path}: waited {waited_s:g} s",
            hint=f"see who holds it: fuser {path}",
        )


class FullDiskError(StateError):
    """The file could not grow; what it held before is whole."""

    reference = "history-full"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            "no room to save the history",
            where=f"{path}: {why}",
            hint="free some space: handrail clean",
        )


class ClosedHistoryError(StateError):
    """The file system does not let us open or write the file."""

    reference = "history-closed"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            "the history cannot be opened or written",
            where=f"{path}: {why}",
            hint=f"make it writable: chmod u+rwx {path.parent} && chmod u+rw {path}",
        )


def explained(error: sqlite3.Error, path: Path, busy_timeout_s: float) -> StateError:
    """SQLite's error in words that say what to do.

    Source: https://www.sqlite.org/rescode.html; the low byte is the primary code.
    """
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DamagedHistoryError(path, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LockedHistoryError(path, busy_timeout_s)
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return FullDiskError(path, str(error))
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return ClosedHistoryError(path, str(error))
    return StateError(
        "the history cannot be used",
        where=f"{path}: {error}",
        hint=f"set it aside: mv {path} {aside(path)}",
    )


def aside(path: Path) -> Path:
    """The first name beside ``path`` for a damaged file that is not taken yet."""
    number = 1
    while (candidate := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    return candidate
