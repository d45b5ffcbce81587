"""Folders that servers start from, built once, kept by what they were built from.

All that pytest processes share of services is here, and it is only read. Whoever comes first builds,
under a lock; it is written to the disk before it gets its name, so a name is a promise.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from handrail.services.copying import copy_folder

COMPLETE = ".complete"
"""Written last, with the sizes of all files: a folder without it, or that differs, is rebuilt."""


def key(*parts: str) -> str:
    """The name of what is built from these."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()[:20]


def content_key(files: Iterable[Path]) -> str:
    """The name of these files' contents; one that cannot be read counts as absent."""
    parts = []
    for path in sorted(files):
        with contextlib.suppress(OSError):
            parts += [str(path), hashlib.sha256(path.read_bytes()).hexdigest()]
    return key(*parts)


class Snapshots:
    """Kept below ``folder``. ``say`` is told of what a person would wonder about."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say

    def get(self, name: str, build: Callable[[Path], None], workshop: Callable[[], Path]) -> Path:
        """The snapshot of that name, built if need be: ``build`` fills a folder in ``workshop``.

        That is where servers can run; the result is copied, owners and all.
        Raises: OSError; whatever ``build`` and ``workshop`` raise.
        """
        path = self._folder / name
        if is_complete(path):
            with contextlib.suppress(OSError):
                os.utime(path / COMPLETE)  # when it was last used
            return path
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked(name):
            if is_complete(path):
                return path
            if path.exists():
                self._say(f"the snapshot {path} was damaged and is built again")
                shutil.rmtree(path)
            with tempfile.TemporaryDirectory(prefix="build-", dir=workshop()) as place:
                os.chmod(place, 0o711)  # noqa: S103 - whoever builds may be somebody else
                made = Path(place, "data")  # short, for the path of a socket in it
                build(made)
                self._publish(made, path)
        return path

    def remove_unused(self, since: float) -> int:
        """Remove those that were not used since then, drafts included; return their bytes.

        Units: seconds since the epoch.
        """
        removed_bytes = 0
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if not path.is_dir() or _used_at(path) >= since:
                continue
            with self._locked(path.name.removesuffix(".draft")):
                removed_bytes += size_bytes(path)
                shutil.rmtree(path, ignore_errors=True)
        return removed_bytes

    def _publish(self, made: Path, path: Path) -> None:
        draft = path.with_name(f"{path.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        copy_folder(str(made), str(draft))
        (draft / COMPLETE).write_text(_inventory(draft), "utf-8")
        os.sync()
        os.rename(draft, path)

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with open(self._folder / f"{name}.lock", "w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def is_complete(path: Path) -> bool:
    """Whether it is there as it was written: a file that is gone or cut short is noticed."""
    try:
        return (path / COMPLETE).read_text("utf-8") == _inventory(path)
    except OSError:
        return False


def size_bytes(path: Path) -> int:
    """Of all files below it; what is removed meanwhile counts as nothing."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return total


def _used_at(path: Path) -> float:
    for each in (path / COMPLETE, path):
        with contextlib.suppress(OSError):
            return each.stat().st_mtime
    return 0.0


def _inventory(path: Path) -> str:
    lines = []
    for folder, _, names in os.walk(path):
        for name in names:
            if name != COMPLETE:
                file = os.path.join(folder, name)
                lines.append(f"{os.path.relpath(file, path)} {os.lstat(file).st_size}")
    return "\n".join(sorted(lines))
