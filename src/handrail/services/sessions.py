"""Where the folders of pytest processes' servers are: one is named, those of the dead are swept."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from handrail.errors import ExitCode, UserError
from handrail.services.claiming import DRAFT, LOCK, SESSION
from handrail.services.leftovers import remove_leftovers
from handrail.services.undoing import run_undos
from handrail.system import processes

FOLDER_VARIABLE = "HANDRAIL_SERVICE_FOLDER"
"""In the environment of an app, which works elsewhere: where it belongs."""
ROOM_BYTES = 256 << 20
"""A folder in memory is used when it has that much room: a container may have 64 MiB in all."""
_DRAFT_S = 60.0
"""After which a folder that was never given its name is taken for a dead process's."""
_ENDING_S = 5.0
LEAST_BYTES = 64 << 20
"""Any other folder must have that much, or no server comes far."""
_LONGEST_BYTES = 45
"""Of the path of a folder, so that there is room for ours and for the name of a socket."""
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - as above
_MEMORY = Path("/dev/shm")  # noqa: S108 - ours has a name of its own and is nobody else's to write


class NoRoomError(UserError):
    """No folder has room for the data of servers."""

    reference = "no-room"
    exit_code = ExitCode.INFRA_ERROR


def base_folder(
    *,
    memory: Path = _MEMORY,
    room_bytes: int = ROOM_BYTES,
    elsewhere: Sequence[Path] = (),
    least_bytes: int = LEAST_BYTES,
) -> Path:
    """Where sessions are kept: in memory if there is room, else where temporary files go.

    ``elsewhere``: the folders for those; none given: the usual ones. Paths are short, for a unix
    socket's may have 107 bytes. Raises: NoRoomError.
    """
    name = f"handrail-{os.getuid()}"
    refusals = []
    usual = (Path(tempfile.gettempdir()), *_TEMPORARY)
    wanted = {memory: room_bytes} | dict.fromkeys(elsewhere or usual, least_bytes)
    for folder, wanted_bytes in wanted.items():
        is_long = folder != memory and len(os.fsencode(folder)) > _LONGEST_BYTES
        why = "its path is too long for sockets" if is_long else _refusal(folder, wanted_bytes)
        if not why:
            return folder / name
        refusals.append(f"{folder}: {why}")
    raise NoRoomError(
        "no folder has room for the data of services",
        where="\n".join(refusals),
        hint="make room there, or set TMPDIR to a folder that has some",
    )


def _refusal(folder: Path, room_bytes: int) -> str:
    if not os.access(folder, os.W_OK):
        return "cannot be written"
    room = os.statvfs(folder)
    free_bytes = room.f_bavail * room.f_frsize
    if free_bytes < room_bytes:
        return f"{free_bytes >> 20} MiB are free, {room_bytes >> 20} are wanted"
    return ""


def new_session(base: Path) -> Path:
    """A folder that nobody has had, for the supervisor to make; those of the dead are swept first."""
    base.mkdir(mode=0o711, parents=True, exist_ok=True)
    sweep(base)
    return base / f"{SESSION}{os.urandom(5).hex()}"


def sweep(base: Path, see: Callable[[Path], object] = lambda _: None) -> int:
    """Remove the folders whose owner is gone, and end what still runs there; return how many.

    ``see`` is shown each before it is removed.
    """
    swept = 0
    for folder in _folders(base):
        try:
            lock = os.open(folder / LOCK, os.O_RDWR)
        except OSError:
            continue  # just being removed
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            _end_all(folder)
            remove_leftovers(str(folder))
            run_undos(str(folder))
            see(folder)
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
        finally:
            os.close(lock)
    return swept


def dead(base: Path) -> list[Path]:
    """Folders that nobody answers for any more; they are left alone."""
    found = []
    for folder in _folders(base):
        with contextlib.suppress(OSError):
            lock = os.open(folder / LOCK, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.append(folder)
            finally:
                os.close(lock)
    return found


def _end_all(folder: Path) -> None:
    """Kill who lives there, until nobody does; not longer than a broken disk is worth."""
    ends_at = time.monotonic() + _ENDING_S
    while (found := _at_home_in(folder)) and time.monotonic() < ends_at:
        processes.kill_all(found)
        time.sleep(0.002)


def _folders(base: Path) -> list[Path]:
    old = time.time() - _DRAFT_S
    found = list(base.glob(f"{SESSION}*"))
    for draft in base.glob(f"{DRAFT}*"):
        with contextlib.suppress(OSError):
            if draft.stat().st_mtime < old:
                found.append(draft)
    return sorted(found)


def _at_home_in(folder: Path) -> set[int]:
    """Processes that work in the folder, or were started with its name or belong there."""
    name = os.fsencode(folder)
    found = set()
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            where = os.readlink(os.fsencode(f"/proc/{entry}/cwd"))
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                is_named = name + b"/" in file.read()
            with open(f"/proc/{entry}/environ", "rb") as file:
                mark = f"{FOLDER_VARIABLE}=".encode() + name + b"/"
                is_named |= any(each.startswith(mark) for each in file.read().split(b"\0"))
            if is_named or where == name or where.startswith(name + b"/"):
                found.add(int(entry))
    return found
