"""Commands that must be run when a server is gone, however it went: ``docker rm``, say."""

import contextlib
import json
import os
import shutil
import time

from handrail.system.processes import TIDIES

UNDO = "undo"
"""In the session's folder: what is still to be undone, one JSON array a line."""
_PAUSES_S = (0.0, 0.1, 0.3, 0.6)
"""Before each attempt: what is to be undone may be just coming into being."""


def undo(folder: str, command: tuple[str, ...]) -> None:
    """Run it until it prints what it has undone, a few times at most; nobody is told if it fails.

    ``folder``: of the session. The command runs under the name of a process that tidies up, so that
    whoever ends a run leaves it alone.
    """
    if not command:
        return
    with contextlib.suppress(OSError):
        program = _renamed(folder, command[0])
        try:
            for pause in _PAUSES_S:
                time.sleep(pause)
                if _prints(program, command):
                    break
        finally:
            os.unlink(program)


def note_undo(folder: str, command: tuple[str, ...]) -> None:
    """Remember it, for whoever tidies up behind a supervisor that was killed."""
    with open(os.path.join(folder, UNDO), "a", encoding="ascii") as file:
        file.write(json.dumps(command) + "\n")


def forget_undo(folder: str, command: tuple[str, ...]) -> None:
    """It was run: whoever tidies up need not do it again."""
    path = os.path.join(folder, UNDO)
    with contextlib.suppress(OSError):
        with open(path, encoding="ascii") as file:
            left = [line for line in file if line != json.dumps(command) + "\n"]
        with open(f"{path}.new", "w", encoding="ascii") as file:
            file.writelines(left)
        os.replace(f"{path}.new", path)


def run_undos(folder: str) -> None:
    """Run everything that was noted; doing it twice does no harm."""
    with (
        contextlib.suppress(OSError, ValueError),
        open(os.path.join(folder, UNDO), encoding="ascii") as file,
    ):
        for line in file:
            undo(folder, tuple(json.loads(line)))


def _renamed(folder: str, program: str) -> str:
    """A path to the program whose last part is the name that its process gets."""
    path = os.path.join(folder, TIDIES)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.symlink(shutil.which(program) or program, path)
    return path


def _prints(program: str, command: tuple[str, ...]) -> bool:
    source, sink = os.pipe()
    try:
        actions = [
            (os.POSIX_SPAWN_DUP2, sink, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        pid = os.posix_spawn(program, command, os.environ, file_actions=actions)
        os.close(sink)
        sink = -1
        printed = os.read(source, 4096)
        os.waitpid(pid, 0)
    finally:
        os.close(source)
        if sink >= 0:
            os.close(sink)
    return bool(printed)
