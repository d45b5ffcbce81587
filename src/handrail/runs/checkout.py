"""What the results belong to: the commit of the git work tree, and whether it was changed since."""

import os
import select
import subprocess
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_LINKS = 5
_CHUNK_BYTES = 65536
MOST_FILES = 2000
MOST_BYTES = 32 * 1024**2
"""Of changed files that are read: reading them must not take long."""


def commit(root: Path) -> str:
    """The commit that is checked out around ``root``, or nothing: no git, no commit yet.

    Reads git's files without starting git: well under a millisecond. Repositories that keep their
    references in a reftable are not understood, which also gives nothing.
    Source: gitrepository-layout(5).
    """
    git = _git_folder(root)
    if git is None:
        return ""
    shared = _shared_folder(git)
    reference = _text(git / "HEAD")
    for _ in range(_LINKS):
        if not reference.startswith("ref:"):
            return reference
        name = reference.removeprefix("ref:").strip()
        reference = _text(shared / name) or _packed(shared, name)
    return ""


class DirtyCheck:
    """A question to git that is answered while we do other things.

    Start it early, ask for ``result`` late, and leave the ``with`` block in any case: git is then
    gone.
    """

    __slots__ = ("_answer", "_ends_at", "_git", "_is_asked", "_listed", "_root", "_timeout_s")

    def __init__(
        self, root: Path, *, timeout_s: float, env: Mapping[str, str] | None = None
    ) -> None:
        self._root = root
        self._timeout_s = timeout_s
        self._ends_at = time.monotonic() + timeout_s
        self._listed = b""
        self._is_asked = False
        self._answer: bool | None = None
        self._git: subprocess.Popen[bytes] | None = None
        command = ["git", "--no-optional-locks", "status", "--porcelain", "-z"]
        with suppress(OSError):
            self._git = subprocess.Popen(
                command,
                cwd=root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    def result(self) -> bool | None:
        """Whether anything differs from the commit, new files included; waits ``timeout_s`` at most.

        None if that is not known: no git, no work tree, or git took too long.
        """
        if not self._is_asked:
            self._is_asked = True
            self._answer = self._wait()
        return self._answer

    def _wait(self) -> bool | None:
        if self._git is None or self._git.stdout is None:
            return None
        readable, _, _ = select.select([self._git.stdout], [], [], self._timeout_s)
        if not readable:
            return None
        self._listed = os.read(self._git.stdout.fileno(), _CHUNK_BYTES)
        if self._listed:
            return True  # one changed file is enough, the list may be long
        return False if self._git.wait() == 0 else None

    def changes(self) -> str:
        """A hash of what differs from the commit: equal ones mean equal files.

        Empty if nothing differs, if that is not known, or if it is more than ``MOST_BYTES`` in
        ``MOST_FILES``. What git ignores is not looked at.
        """
        if not self.result() or self._git is None or self._git.stdout is None:
            return ""
        while chunk := self._more(self._git.stdout.fileno()):
            self._listed += chunk
        if self._git.poll() != 0 and not self._has_ended():
            return ""
        return _hash_of(self._root, self._listed)

    def _more(self, descriptor: int) -> bytes:
        left_s = max(0.0, self._ends_at - time.monotonic())
        readable, _, _ = select.select([descriptor], [], [], left_s)
        return os.read(descriptor, _CHUNK_BYTES) if readable else b""

    def _has_ended(self) -> bool:
        """Whether git has said everything."""
        assert self._git is not None
        with suppress(subprocess.TimeoutExpired):
            return self._git.wait(max(0.0, self._ends_at - time.monotonic())) == 0
        return False

    def close(self) -> None:
        """End git, if it is not done."""
        if self._git is not None:
            self._git.kill()
            self._git.wait()
            if self._git.stdout is not None:
                self._git.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Checksum:
    """Tells apart what nobody tries to forge. (``hashlib`` takes 4 MiB in every supervisor.)"""

    def __init__(self) -> None:
        self._one, self._other = 0, 1

    def add(self, data: bytes) -> None:
        """More of it."""
        self._one, self._other = zlib.crc32(data, self._one), zlib.adler32(data, self._other)

    @property
    def text(self) -> str:
        """16 hexadecimal digits."""
        return f"{self._one:08x}{self._other:08x}"


def _hash_of(root: Path, listed: bytes) -> str:
    """Of the files that git lists, NUL after each: ``XY path``; after a rename the old path too."""
    top = _git_folder(root)
    if top is None:
        return ""
    sums = _Checksum()
    left_files, left_bytes = MOST_FILES, MOST_BYTES
    entries = iter(listed.split(b"\0"))
    for entry in entries:
        sums.add(entry + b"\0")
        if entry[:1] in (b"R", b"C"):
            sums.add(next(entries, b"") + b"\0")
        for path in _files_of(top.parent, os.fsdecode(entry[3:])):
            left_files -= 1
            try:
                left_bytes -= os.path.getsize(path)
                if left_files < 0 or left_bytes < 0:
                    return ""
                sums.add(os.fsencode(path) + b"\0" + path.read_bytes())
            except OSError:
                sums.add(b"gone\0")
    return sums.text


def _files_of(top: Path, name: str) -> Iterator[Path]:
    """The file of that name; of a folder that git does not know, all that are in it."""
    if not name.endswith("/"):
        if name and not (top / name).is_dir():
            yield top / name
        return
    for folder, names, files in os.walk(top / name):
        names.sort()
        for each in sorted(files):
            yield Path(folder, each)


def _git_folder(root: Path) -> Path | None:
    """``.git`` of the nearest work tree, following the file that stands for it in a linked one."""
    for folder in (root.absolute(), *root.absolute().parents):
        git = folder / ".git"
        if git.is_dir():
            return git
        pointer = _text(git)
        if pointer.startswith("gitdir:"):
            return folder / pointer.removeprefix("gitdir:").strip()
    return None


def _shared_folder(git: Path) -> Path:
    """Where all work trees of a repository keep their branches."""
    common = _text(git / "commondir")
    return git / common if common else git


def _packed(git: Path, name: str) -> str:
    for line in _text(git / "packed-refs").splitlines():
        found, _, packed = line.partition(" ")
        if packed == name:
            return found
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return ""


def commits_between(root: Path, older: str, newer: str, *, timeout_s: float = 5.0) -> list[str]:
    """``id subject`` of every commit after ``older`` up to ``newer``, newest first; none if git does
    not know them.
    """
    command = ["git", "log", "--no-decorate", "--format=%h %s", f"{older}..{newer}", "--"]
    try:
        done = subprocess.run(
            command, cwd=root, capture_output=True, timeout=timeout_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode("utf-8", "replace").splitlines() if done.returncode == 0 else []


_SOURCES = (".py", ".toml", ".ini", ".cfg", ".pyi")


def is_changed_since(root: Path, at: float) -> bool:
    """Whether a source file below ``root`` was written after ``at`` (epoch seconds).

    Hidden folders, caches and environments are not looked into.
    """
    for folder, names, files in os.walk(root):
        names[:] = [
            each
            for each in names
            if each[0] != "."
            and each not in {"__pycache__", "node_modules"}
            and not os.path.exists(os.path.join(folder, each, "pyvenv.cfg"))
        ]
        for each in files:
            if each.endswith(_SOURCES):
                with suppress(OSError):
                    if os.stat(os.path.join(folder, each)).st_mtime > at:
                        return True
    return False
