"""What the results belong to: the commit of the git work tree, and whether it was changed since."""

import os
import select
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_LINKS = 5


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

    __slots__ = ("_answer", "_git", "_is_asked", "_timeout_s")

    def __init__(
        self, root: Path, *, timeout_s: float, env: Mapping[str, str] | None = None
    ) -> None:
        self._timeout_s = timeout_s
        self._is_asked = False
        self._answer: bool | None = None
        self._git: subprocess.Popen[bytes] | None = None
        command = ["git", "--no-optional-locks", "status", "--porcelain"]
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
        if os.read(self._git.stdout.fileno(), 1):
            return True  # one changed file is enough, the list may be long
        return False if self._git.wait() == 0 else None

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
