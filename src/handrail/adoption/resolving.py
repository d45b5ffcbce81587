"""The proof that uv resolves the same set before and after, and the lock. In a temporary copy."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from handrail.adoption.changes import Change
from handrail.adoption.proving import copied
from handrail.adoption.requirements import Requirements
from handrail.adoption.writing import apply
from handrail.errors import ExitCode, UserError

LOCK = "uv.lock"
_SHOWN = 10
_OF_REQUIREMENTS = "change the requirements as uv says, then try again"
_OF_INDEX = (
    "uv needs an index, or its cache: check the network and UV_INDEX, UV_OFFLINE, UV_FIND_LINKS"
)


class NoUvError(UserError):
    """uv is needed, and is not here; nothing is written."""

    reference = "no-uv"
    exit_code = ExitCode.INFRA_ERROR


class UvError(UserError):
    """uv cannot do what it was asked to; nothing is written."""

    reference = "uv"
    exit_code = ExitCode.INFRA_ERROR


class ResolutionDiffersError(UserError):
    """Other versions would be installed afterwards; nothing is written."""

    reference = "resolution-differs"


def locked(
    root: Path,
    changes: Sequence[Change],
    files: Sequence[Requirements],
    environ: Mapping[str, str],
    python: str,
) -> tuple[Change, str]:
    """The lock, and what was compared. Raises: NoUvError, UvError, ResolutionDiffersError."""
    uv = _found(environ)
    with tempfile.TemporaryDirectory(prefix="handrail-init-") as folder:
        copy = copied(root, Path(folder))
        compile_ = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-strip-extras",
                    "--python-version", python]  # fmt: skip
        before = {each.path: _set(_ask([*compile_, each.path], copy, environ)) for each in files}
        apply(copy, changes)
        after = {
            each.path: _set(_ask([*compile_, *_sources(each, files)], copy, environ))
            for each in files
        }
        _check_same(before, after)
        _ask([uv, "lock", "--quiet", "--python", sys.executable], copy, environ)
        now = (copy / LOCK).read_text("utf-8")
    there = root / LOCK
    was = there.read_text("utf-8") if there.exists() else None
    count = len(set().union(*before.values()))
    lock = Change(path=LOCK, before=was, after=now, why=f"{count} packages", is_shown=False)
    return lock, f"uv resolves the same {count} packages before and after, for Python {python}"


def _found(environ: Mapping[str, str]) -> str:
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    found = shutil.which("uv", path=environ.get("PATH", os.defpath))
    if found is None and os.access(beside, os.X_OK):
        found = beside
    if found is None:
        raise NoUvError(
            "requirements are moved with uv, which is not here",
            where="PATH, and the folder of this Python",
            hint="pip install uv",
        )
    return found


def _sources(file: Requirements, files: Sequence[Requirements]) -> list[str]:
    """What uv compiles in place of this file."""
    if not file.group:
        return ["pyproject.toml"]
    base = {each.path for each in files if not each.group}
    return [*(["pyproject.toml"] if _reached(file, files) & base else []), "--group", file.group]


def _reached(file: Requirements, files: Sequence[Requirements]) -> set[str]:
    """Paths that it includes, and those that these include."""
    by_path = {each.path: each for each in files}
    reached: set[str] = set()
    queue = list(file.includes)
    while queue:
        path = queue.pop()
        if path not in reached:
            reached.add(path)
            queue += by_path[path].includes
    return reached


def _ask(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**environ, "NO_COLOR": "1"}, stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        said = [line.rstrip() for line in done.stderr.splitlines() if line.strip()]
        raise UvError(
            f"uv {' '.join(command[1 : 3 if command[1] == 'pip' else 2])} fails",
            where="\n".join(said[-8:]) or f"exit code {done.returncode}",
            hint=_OF_INDEX if _is_missing(done.stderr) else _OF_REQUIREMENTS,
        )
    return done.stdout


def _is_missing(said: str) -> bool:
    """Whether uv could not find or reach something, as opposed to what does not fit together."""
    return "unsatisfiable" not in said or " was not found in " in said


def _set(text: str) -> frozenset[str]:
    """Versions, one line each; not the project itself."""
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line for line in lines if line and not line.startswith(("#", "-", ".")))


def _check_same(before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]]) -> None:
    where = [
        f"{path}: {word} {each}"
        for path in before
        for word, these in (
            ("gone", before[path] - after[path]),
            ("new", after[path] - before[path]),
        )
        for each in sorted(these)
    ]
    if where:
        more = [f"and {len(where) - _SHOWN} more"] if len(where) > _SHOWN else []
        raise ResolutionDiffersError(
            "uv would not resolve the same set; nothing was written",
            where="\n".join([*where[:_SHOWN], *more]),
            hint="look at what these files say of the packages",
        )
