"""Commands that must be run when a server is gone, however it went: ``docker rm``, say."""

import contextlib
import json
import os

UNDO = "undo"
"""In the session's folder: what is still to be undone, one JSON array a line."""


def undo(command: tuple[str, ...]) -> None:
    """Run it and wait; there is nobody to tell if it fails."""
    if not command:
        return
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_DUP2, 1, 2)]
    with contextlib.suppress(OSError):
        os.waitpid(os.posix_spawnp(command[0], command, os.environ, file_actions=quiet), 0)


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
            undo(tuple(json.loads(line)))
