"""Sees which files of a project were saved.

What is true is what a look at all files finds. On Linux a bell rings when a look is worth it; without
it (other systems, and file systems that do not tell) we look as often as costs at most two hundredths of a
processor.
"""

import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

KINDS = frozenset(
    {".py", ".toml", ".ini", ".cfg", ".json", ".yaml", ".yml", ".csv", ".txt", ".sql", ".xml"}
    | {".html", ".j2", ".jinja", ".jinja2", ".lock"}
)
"""Ends of the names of files that are watched."""
QUIET_S = 0.05
"""What is saved within this time is one change."""
LOOK_S = 2.0
"""Between two looks where the bell may be relied on, or nearly."""
COST = 70
"""Looking takes at most one part in so many of the time."""
_ASIDE = frozenset({"__pycache__", "node_modules"})
_EVENT = struct.Struct("iIII")
_CREATE, _DELETE, _CLOSE_WRITE, _MOVED = 0x100, 0x200, 0x8, 0xC0
_IS_FOLDER, _IS_OVERFLOW = 0x40000000, 0x4000
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
Stamp = tuple[int, int, int]
"""When a file was written (ns), its size, its inode."""


class Bell:
    """inotify, as far as there is any: readable when a watched file was written, made or removed."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._folders: dict[str, int] = {}
        with suppress(OSError, AttributeError, ImportError):
            import ctypes

            self._library = ctypes.CDLL(None, use_errno=True)
            self._descriptor = self._library.inotify_init1(_FLAGS)

    @property
    def is_there(self) -> bool:
        """Whether it can ring at all."""
        return self._descriptor >= 0

    def fileno(self) -> int:
        """To be waited for."""
        return self._descriptor

    def listen(self, folder: str) -> None:
        """Ring for files of this folder, too."""
        if self.is_there and folder not in self._folders:
            mask = _CREATE | _DELETE | _CLOSE_WRITE | _MOVED
            found = self._library.inotify_add_watch(self._descriptor, os.fsencode(folder), mask)
            if found >= 0:
                self._folders[folder] = found

    def forget(self, folder: str) -> None:
        """It is gone."""
        self._folders.pop(folder, None)

    def has_rung(self) -> bool:
        """Whether it rang for something that is watched. Silences it."""
        is_rung = False
        while self.is_there:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except OSError:
                break
            is_rung = is_rung or any(_concerns(data))
        return is_rung

    def close(self) -> None:
        """Let go of it."""
        if self.is_there:
            os.close(self._descriptor)
            self._descriptor = -1


def _concerns(data: bytes) -> Iterator[bool]:
    at = 0
    while at < len(data):
        _, mask, _, length = _EVENT.unpack_from(data, at)
        at += _EVENT.size + length
        name = os.fsdecode(data[at - length : at].rstrip(b"\0"))
        is_folder = bool(mask & _IS_FOLDER) and name[:1] != "." and name not in _ASIDE
        yield is_folder or bool(mask & _IS_OVERFLOW) or is_watched(name)


def is_watched(name: str) -> bool:
    """Whether a file of that name is watched: of a kind that may matter, and not hidden."""
    return name[:1] not in {".", "#", "~"} and os.path.splitext(name)[1] in KINDS


class Saves:
    """The watched files of a project, as they were at the last ``net`` change. Paths relative, ``/``."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self.bell = Bell()
        self.files: dict[str, Stamp] = self._look()
        self._look_at = time.monotonic() + self._pause_s()

    def _look(self) -> dict[str, Stamp]:
        began = time.thread_time()
        found: dict[str, Stamp] = {}
        waiting = [""]
        while waiting:
            inner = waiting.pop()
            folder = os.path.join(self._root, inner)
            self.bell.listen(folder)
            try:
                entries = list(os.scandir(folder))
            except OSError:
                self.bell.forget(folder)
                continue
            if inner and any(each.name == "pyvenv.cfg" for each in entries):
                continue
            for each in entries:
                with suppress(OSError):  # gone meanwhile
                    if is_watched(each.name):
                        found[inner + each.name] = _stamp(each.stat())
                    elif _is_folder(each):
                        waiting.append(f"{inner}{each.name}/")
        self._cost_s = time.thread_time() - began
        return found

    def _pause_s(self) -> float:
        fast_s = max(QUIET_S, COST * self._cost_s)
        return max(LOOK_S, fast_s) if self.bell.is_there else fast_s

    @property
    def patience_s(self) -> float:
        """How long to wait for the bell before the next ``changed`` may find something."""
        return max(0.0, self._look_at - time.monotonic())

    def changed(self) -> set[str]:
        """Files that differ from what they were when this last gave any; mostly none.

        Waits until nothing changes any more for a moment: editors write, rename and write again.
        """
        if not self.bell.has_rung() and time.monotonic() < self._look_at:
            return set()
        found = self._look()
        while found != self.files:
            time.sleep(QUIET_S)
            self.bell.has_rung()
            again = self._look()
            if again == found:
                break
            found = again
        self._look_at = time.monotonic() + self._pause_s()
        before, self.files = self.files, found
        return {
            path for path in before.keys() | found.keys() if before.get(path) != found.get(path)
        }

    def close(self) -> None:
        """Let go of the bell."""
        self.bell.close()


def stamp_of(path: Path) -> Stamp | None:
    """Of a file as it is now; None if it is gone."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def _stamp(stat: os.stat_result) -> Stamp:
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    hidden = entry.name[0] == "." or entry.name in _ASIDE
    return not hidden and entry.is_dir(follow_symlinks=False)
