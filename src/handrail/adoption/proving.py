"""Proof in a temporary copy: the same tests are collected before and after. Nothing else is touched."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from handrail.adoption.changes import Change
from handrail.adoption.writing import apply
from handrail.errors import UserError
from handrail.frozen import dataclass

_NOT_COPIED = (".git", ".hg", ".venv", "venv", ".tox", ".nox", "node_modules", ".handrail", "__pycache__",
               ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis")  # fmt: skip
_SHOWN = 10
_COLLECTED = (0, 5)
"""Exit codes of a collection that has nothing to complain of."""


class CollectionDiffersError(UserError):
    """After the change pytest would not collect the same tests; nothing was written."""

    reference = "collection-differs"


class CannotCollectError(UserError):
    """pytest collects no test, so that there is nothing to compare; nothing was written."""

    reference = "cannot-collect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What pytest answered."""

    ids: tuple[str, ...]
    code: int
    said: str
    """All that it printed."""


def prove(root: Path, changes: Sequence[Change], environ: Mapping[str, str]) -> int:
    """How many tests are collected, the same before and after.

    Raises: CollectionDiffersError, CannotCollectError.
    """
    with tempfile.TemporaryDirectory(prefix="handrail-init-") as folder:
        copy = copied(root, Path(folder))
        before = collect(copy, environ)
        if not before.ids:
            raise CannotCollectError(
                "pytest collects no test here: there is nothing to compare",
                where=_end(before),
                hint="pytest --collect-only; mend what it says",
            )
        apply(copy, changes)
        after = collect(copy, environ)
    if before.ids != after.ids or before.code != after.code:
        raise CollectionDiffersError(
            "pytest would not collect the same tests; nothing was written",
            where="\n".join(_difference(before, after)),
            hint="what these tests depend on is no longer where they look for it",
        )
    return len(before.ids)


def copied(root: Path, folder: Path) -> Path:
    """A copy of the project in that folder, without what can be made again."""
    copy = folder / (root.name or "project")
    shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    return copy


def collect(folder: Path, environ: Mapping[str, str]) -> Collected:
    """Node ids in the order in which pytest collects them, errors of collection as its exit code.

    With one hash seed: parameters that come from a set are in the same order each time.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "--verbosity=-1", "-p", "no:cacheprovider",
         "--color=no"],
        cwd=folder, env={"PYTHONHASHSEED": "0", **environ, "PYTHONDONTWRITEBYTECODE": "1"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    said = done.stdout.decode("utf-8", "replace").replace(str(folder), os.curdir)
    listed = said.partition("\n\n")[0].splitlines()
    ids = tuple(line for line in listed if "::" in line and not line.startswith(("ERROR", "=")))
    return Collected(ids=ids, code=done.returncode, said=said)


def _difference(before: Collected, after: Collected) -> list[str]:
    gone = [each for each in before.ids if each not in set(after.ids)]
    new = [each for each in after.ids if each not in set(before.ids)]
    lines = [*(f"gone: {each}" for each in gone), *(f"new: {each}" for each in new)]
    if not lines and before.ids != after.ids:
        lines = ["the same tests in another order"]
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"and {len(lines) - _SHOWN} more"]
    if after.code not in _COLLECTED:
        lines += ["pytest says:", *_end(after).splitlines()]
    return lines


def _end(collected: Collected) -> str:
    said = [line for line in collected.said.splitlines() if line.strip()]
    return "\n".join(said[-5:]) or "nothing; exit code " + str(collected.code)
