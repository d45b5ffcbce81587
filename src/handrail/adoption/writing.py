"""Write what was shown, all of it or nothing."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from handrail.adoption.changes import Change
from handrail.errors import ExitCode, UserError


class ChangedMeanwhileError(UserError):
    """A file is not what it was when the diff was made; nothing was written."""

    reference = "changed-meanwhile"
    exit_code = ExitCode.INFRA_ERROR

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(
            "files have changed since they were read; nothing was written",
            where="\n".join(paths),
            hint="handrail init, and look at the diff again",
        )


class CannotWriteError(UserError):
    """A file of the project cannot be written; what was written before it is as it was."""

    reference = "cannot-write"
    exit_code = ExitCode.INFRA_ERROR

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot write {path.name}; nothing was changed",
            where=f"{path}: {error.strerror or error}",
            hint="check free space (df) and permissions (ls -ld) of its folder",
        )


def apply(root: Path, changes: Sequence[Change]) -> None:
    """Make the changes. A link stays a link: what it leads to is written.

    Raises: ChangedMeanwhileError, CannotWriteError.
    """
    stale = [each.path for each in changes if _now(root / each.path) != _bytes(each.before)]
    if stale:
        raise ChangedMeanwhileError(stale)
    done: list[Change] = []
    for change in changes:
        path = (root / change.path).resolve()
        try:
            _put(path, _bytes(change.after))
        except OSError as error:
            for each in reversed(done):
                with suppress(OSError):
                    _put((root / each.path).resolve(), _bytes(each.before))
            raise CannotWriteError(path, error) from error
        done.append(change)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _now(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotWriteError(path, error) from error


def _put(path: Path, data: bytes | None) -> None:
    """Readers see the old file or the new one; its permissions stay."""
    if data is None:
        path.unlink(missing_ok=True)
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o7777)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
