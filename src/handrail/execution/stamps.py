"""Whether files are what they were when they were imported."""

import os
import sys
from collections.abc import Iterable, Mapping


def stamps(files: Iterable[str]) -> dict[str, str]:
    """What tells that a file is still the same; of one that is not there, that it is not."""
    return {each: _stamp(each) for each in files}


def changed(before: Mapping[str, str]) -> str:
    """A file that is not what it was then; empty if all are."""
    return next((file for file, stamp in before.items() if _stamp(file) != stamp), "")


def imported_files() -> set[str]:
    """The files of everything that this process has imported, and of the interpreter itself."""
    files = {getattr(each, "__file__", None) for each in list(sys.modules.values())}
    ours = {sys.executable, os.path.join(sys.prefix, "pyvenv.cfg")}
    return {each for each in files if isinstance(each, str)} | ours


def _stamp(file: str) -> str:
    """Of a folder, what changes when something is installed there."""
    try:
        found = os.stat(file)
    except OSError:
        return "none"
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"
