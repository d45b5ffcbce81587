"""The files of a project, read where they were written since, and as they were at a commit."""

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from handrail.core.affected import Imports, read_imports
from handrail.core.changed import Snapshot
from handrail.core.fingerprints import blocks_of, fingerprint
from handrail.errors import UserError

MOST_BYTES = 4 << 20
"""Of a larger file, time and size must do."""
_SKIPPED = frozenset({"__pycache__", "node_modules", "htmlcov"})
_NO_IMPORTS = Imports()
Read = tuple[str, dict[str, str], Imports]
"""Stamp, blocks, imports. A file that is not Python's has one block, its fingerprint."""


class NoSuchCommitError(UserError):
    """Git does not know what ``--changed`` names."""

    reference = "no-such-commit"

    def __init__(self, ref: str, why: str) -> None:
        super().__init__(
            f"git cannot tell what has changed since {ref}",
            where=why.strip(),
            hint="handrail run --changed needs no git: it compares with what was recorded",
        )


def files_below(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file of a project, but for what is hidden, caches and environments."""
    todo = [""]
    while todo:
        folder = todo.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda each: each.name)
        except OSError:
            continue
        for each in entries:
            path = f"{folder}/{each.name}" if folder else each.name
            try:
                if each.is_dir(follow_symlinks=False):
                    if not _is_skipped(each):
                        todo.append(path)
                elif each.is_file() and not each.name.startswith("."):
                    yield path, each.stat()
            except OSError:
                continue


def _is_skipped(folder: "os.DirEntry[str]") -> bool:
    return (
        folder.name.startswith(".")
        or folder.name in _SKIPPED
        or folder.name.endswith(".egg-info")
        or os.path.exists(os.path.join(folder.path, "pyvenv.cfg"))
    )


def stamps(root: Path) -> dict[str, str]:
    """Time and size of every file."""
    return {path: _stamp(stat) for path, stat in files_below(root)}


def _stamp(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns}-{stat.st_size}"


def scan(root: Path, known: dict[str, Read]) -> dict[str, Read]:
    """Every file, read again where its stamp is another than in ``known``."""
    found: dict[str, Read] = {}
    for path, stat in files_below(root):
        stamp = _stamp(stat)
        if path in known and known[path][0] == stamp:
            found[path] = known[path]
        else:
            found[path] = _read(root / path, path, stamp, stat.st_size)
    return found


def _read(file: Path, path: str, stamp: str, size: int) -> Read:
    if size > MOST_BYTES:
        return stamp, {"": stamp}, _NO_IMPORTS
    try:
        data = file.read_bytes()
    except OSError:
        return stamp, {"": "unreadable"}, _NO_IMPORTS
    return _understood(path, stamp, data)


def _understood(path: str, stamp: str, data: bytes) -> Read:
    if not path.endswith(".py"):
        return stamp, {"": fingerprint(data)}, _NO_IMPORTS
    text = data.decode("utf-8", "replace")
    with warnings.catch_warnings():  # of a source that is odd; whoever imports it is told
        warnings.simplefilter("ignore")
        return stamp, dict(blocks_of(text)), read_imports(text)


def snapshot(files: dict[str, Read], environment: str) -> Snapshot:
    """The project in these files."""
    return Snapshot(
        blocks={path: read[1] for path, read in files.items() if path.endswith(".py")},
        others={path: read[1][""] for path, read in files.items() if not path.endswith(".py")},
        environment=environment,
    )


def environment() -> str:
    """Python, and what is installed beside it, by the names of its folders."""
    names = [sys.version]
    for folder in sys.path:
        try:
            names += [each for each in os.listdir(folder or ".") if each.endswith(".dist-info")]
        except OSError:
            continue
    return fingerprint("\n".join(sorted(names)).encode())


def since(root: Path, ref: str) -> Snapshot:
    """The files that differ from a commit, as they were then. Raises: NoSuchCommitError."""
    prefix = _git(root, ref, "rev-parse", "--show-prefix").decode().strip()
    changed = _git(root, ref, "diff", "--name-only", "-z", "--no-renames", "--relative", ref, "--")
    new = _git(root, ref, "ls-files", "--others", "--exclude-standard", "-z")
    found: dict[str, Read] = {}
    for path in filter(None, changed.decode("utf-8", "surrogateescape").split("\0")):
        done = subprocess.run(
            ["git", "show", f"{ref}:{prefix}{path}"], cwd=root, capture_output=True, check=False
        )
        is_there = done.returncode == 0
        found[path] = (
            _understood(path, "", done.stdout) if is_there else ("", {"": ""}, _NO_IMPORTS)
        )
        if not is_there and path.endswith(".py"):
            found[path] = ("", {}, _NO_IMPORTS)
    for path in filter(None, new.decode("utf-8", "surrogateescape").split("\0")):
        found[path] = ("", {} if path.endswith(".py") else {"": ""}, _NO_IMPORTS)
    hidden = [path for path in found if any(part.startswith(".") for part in path.split("/"))]
    for path in hidden:
        del found[path]
    return snapshot(found, "")


def _git(root: Path, ref: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except OSError as error:
        raise NoSuchCommitError(ref, str(error)) from error
    if done.returncode:
        raise NoSuchCommitError(ref, done.stderr.decode("utf-8", "replace"))
    return done.stdout
