"""Where a project keeps its runs, and which run a person means.

Imported by the commands that answer at once (``status``, ``wait``, ``logs``), so it imports next to
nothing: no dataclasses, no pathlib, no configuration.
"""

import os
import re
import stat
from binascii import crc32
from collections.abc import Mapping, Sequence
from contextlib import suppress

from handrail.errors import StateError, UsageError, UserError

LATEST = "latest"
STATE_FOLDER = ".handrail"
_SHOWN = 10
_ROOT_MARKS = (
    "pyproject.toml",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "setup.py",
    ".git",
)
_SETS_STATE = re.compile(rb"\bstate['\"]?\s*=")


class NoSuchRunError(UserError):
    """No run answers to that name."""

    reference = "no-such-run"

    def __init__(self, reference: str, runs: Sequence[str]) -> None:
        super().__init__(
            f"no run is called {reference}",
            where=_listed(runs) if runs else "there is no run yet",
            hint="use an id, the beginning of one, or latest"
            if runs
            else "begin one: handrail run",
        )


class AmbiguousRunError(UserError):
    """Several runs begin like that."""

    reference = "ambiguous-run"

    def __init__(self, reference: str, candidates: Sequence[str]) -> None:
        super().__init__(
            f"{len(candidates)} runs begin with {reference}",
            where=_listed(candidates),
            hint="add a character",
        )


def existing(folder: str | None) -> str:
    """The folder in which a command is given, absolute. Raises: UsageError if there is none."""
    path = os.path.abspath(folder or ".")
    if not os.path.isdir(path):
        raise UsageError(f"there is no folder {folder}", hint="give -C a folder that exists")
    return path


def project_root(folder: str) -> str:
    """The nearest folder upwards that has a ``pyproject.toml``, or else another project's file."""
    upwards = [folder]
    while (above := os.path.dirname(upwards[-1])) != upwards[-1]:
        upwards.append(above)
    for marks in (_ROOT_MARKS[:1], _ROOT_MARKS):
        for each in upwards:
            if any(os.path.exists(os.path.join(each, mark)) for mark in marks):
                return each
    return folder


def state_folder(folder: str, environ: Mapping[str, str]) -> str:
    """The state folder of the project around ``folder``; nothing is created or checked.

    The configuration is read only where it may say something about it. One that is broken says
    nothing here: the commands that start runs complain about it.
    """
    root = project_root(folder)
    named = environ.get("HANDRAIL_STATE") or _configured(os.path.join(root, "pyproject.toml"))
    state = os.path.join(root, named or STATE_FOLDER)
    elsewhere = fallback(state, temporary_folder(environ))
    is_newer = is_private(elsewhere) and _used_at(elsewhere) > _used_at(state)
    return elsewhere if is_newer else state


def _used_at(state: str) -> float:
    """When a run was last begun in a state folder; 0 if none ever was."""
    runs = os.path.join(state, "runs")
    try:
        return os.stat(runs).st_mtime if os.path.isdir(runs) else 0.0
    except OSError:
        return 0.0


def temporary_folder(environ: Mapping[str, str]) -> str:
    """Where temporary files go: the first folder named or usual that can be written to."""
    named = (environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP"))
    usual = ("/tmp", "/var/tmp", "/usr/tmp")  # noqa: S108 - what is made there is checked
    for folder in (*named, *usual):
        if folder and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return os.path.abspath(folder)
    return os.getcwd()


def _configured(path: str) -> str:
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        return ""
    if b"handrail" not in text or not re.search(_SETS_STATE, text):
        return ""
    import tomllib

    try:
        found = tomllib.loads(text.decode()).get("tool", {}).get("handrail", {}).get("state", "")
    except (ValueError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""


def fallback(state: str, temporary: str) -> str:
    """Where the runs of a project are kept whose own state folder cannot be written."""
    path = os.path.abspath(state)
    name = os.path.basename(os.path.dirname(path))
    project = f"{name}-{crc32(os.fsencode(path)):08x}"
    return os.path.join(temporary, f"handrail-{os.getuid()}-{project}")


def is_private(path: str) -> bool:
    """Whether it is a folder of ours that nobody else can write to: what lies in it can be trusted."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


def run_ids(state: str) -> list[str]:
    """All runs in a state folder, the one that was written to last first."""
    dated = []
    with suppress(OSError):
        for entry in os.scandir(os.path.join(state, "runs")):
            with suppress(OSError):  # removed meanwhile
                if entry.name[0] != "." and entry.is_dir(follow_symlinks=False):
                    dated.append((entry.stat().st_mtime_ns, entry.name))
    return [name for _, name in sorted(dated, reverse=True)]


def find_run(state: str, reference: str) -> str:
    """The run with that id, the only one whose id begins so, or ``latest``.

    Raises: NoSuchRunError, AmbiguousRunError; both list candidates.
    """
    ids = run_ids(state)
    if reference == LATEST:
        found = [each for each in ids if each == _latest(state)]
    elif reference in ids:
        found = [reference]
    else:
        found = [each for each in ids if reference and each.startswith(reference)]
    if not found:
        raise NoSuchRunError(reference, ids)
    if len(found) > 1:
        raise AmbiguousRunError(reference, found)
    return found[0]


def run_folder(state: str, run_id: str) -> str:
    """The folder of a run."""
    return os.path.join(state, "runs", run_id)


def _latest(state: str) -> str:
    try:
        with open(os.path.join(state, "runs", LATEST), encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _listed(runs: Sequence[str]) -> str:
    more = [f"and {len(runs) - _SHOWN} more"] if len(runs) > _SHOWN else []
    return "\n".join([*runs[:_SHOWN], *more])


class LostStateError(StateError):
    """A run's folder does not say what became of it."""

    reference = "no-state"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"run {run_id} left no state",
            where="it ended before it began, or its folder was damaged",
            hint="run the tests again: handrail run",
        )
