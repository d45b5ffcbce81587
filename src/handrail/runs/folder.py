"""``.handrail/``: where runs leave what they did, one folder each."""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from handrail.errors import UserError
from handrail.runs.atomic import UnwritableError, write_atomically
from handrail.runs.naming import new_run_id

LATEST = "latest"
_SHOWN = 10


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


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What one run leaves behind. Whether a file exists depends on how far the run came."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's name, which is the folder's."""
        return self.path.name

    @property
    def events(self) -> Path:
        """The log of events, one JSON object a line, written as the run goes."""
        return self.path / "events.ndjson"

    @property
    def report(self) -> Path:
        """The report, written at the end."""
        return self.path / "report.json"

    @property
    def junit(self) -> Path:
        """The report in JUnit's format."""
        return self.path / "junit.xml"

    @property
    def pytest_log(self) -> Path:
        """Everything that pytest printed."""
        return self.path / "pytest.log"

    @property
    def stacks(self) -> Path:
        """The folder of stacks of tests that were stopped; made by who writes there first."""
        return self.path / "stacks"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The state folder of one project: ``root`` is ``.handrail`` itself. Making one touches nothing."""

    root: Path

    @property
    def history(self) -> Path:
        """The database of earlier results."""
        return self.root / "history.db"

    @property
    def grants(self) -> Path:
        """The gates that a person opened."""
        return self.root / "grants.json"

    @property
    def lock(self) -> Path:
        """What the running run of this work tree holds."""
        return self.root / "lock"

    def prepare(self) -> None:
        """Create what is missing, hidden from git, and make sure that runs can be written.

        Raises: UnwritableError.
        """
        runs = self._runs()
        try:
            runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnwritableError(runs, error) from error
        write_atomically(runs / ".writable", b"yes\n")
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            write_atomically(ignore, b"*\n")

    def create_run(self, random: Random) -> RunFolder:
        """A new, empty folder with a name of its own; ``latest`` now means this run.

        Raises: UnwritableError.
        """
        self.prepare()
        while True:
            path = self._runs() / new_run_id([run.run_id for run in self.runs()], random)
            try:
                path.mkdir()
            except FileExistsError:
                continue  # another process was quicker
            except OSError as error:
                raise UnwritableError(path, error) from error
            write_atomically(self._runs() / LATEST, f"{path.name}\n".encode())
            return RunFolder(path)

    def runs(self) -> list[RunFolder]:
        """All runs, the one that was written to last first."""
        try:
            entries = [each for each in os.scandir(self._runs()) if each.name[0] != "."]
        except OSError:
            return []
        dated = []
        for entry in entries:
            with suppress(OSError):  # removed meanwhile
                if entry.is_dir(follow_symlinks=False):
                    dated.append((entry.stat().st_mtime_ns, entry.name))
        return [RunFolder(self._runs() / name) for _, name in sorted(dated, reverse=True)]

    def find(self, reference: str) -> RunFolder:
        """The run with that id, the only one whose id begins so, or ``latest``.

        Raises: NoSuchRunError, AmbiguousRunError; both list candidates.
        """
        ids = [run.run_id for run in self.runs()]
        if reference == LATEST:
            found = [each for each in ids if each == self._latest()]
        elif reference in ids:
            found = [reference]
        else:
            found = [each for each in ids if reference and each.startswith(reference)]
        if not found:
            raise NoSuchRunError(reference, ids)
        if len(found) > 1:
            raise AmbiguousRunError(reference, found)
        return RunFolder(self._runs() / found[0])

    def _latest(self) -> str:
        try:
            return (self._runs() / LATEST).read_text("utf-8", "replace").strip()
        except OSError:
            return ""

    def _runs(self) -> Path:
        return self.root / "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedState:
    """A state folder that can be written, and what to tell the person about it, mostly nothing."""

    folder: StateFolder
    note: str = ""


def prepare_state(root: Path, *, temporary: Path) -> PreparedState:
    """The state folder ``root``, or one under ``temporary`` where ``root`` cannot be written.

    The fallback is the same for every run of a project and user, so that ``status`` and history
    go on working; it is not taken over from another user.
    Raises: UnwritableError if neither can be written.
    """
    try:
        StateFolder(root).prepare()
    except UnwritableError as problem:
        folder = StateFolder(_fallback(root, temporary))
        _own(folder.root)
        folder.prepare()
        note = f"{problem.where.splitlines()[0]}; this run is kept in {folder.root}"
        return PreparedState(folder=folder, note=note)
    return PreparedState(folder=StateFolder(root))


def _fallback(root: Path, temporary: Path) -> Path:
    from hashlib import sha256

    project = sha256(os.fsencode(root.absolute())).hexdigest()[:12]
    return temporary / f"handrail-{os.getuid()}-{project}"


def _own(path: Path) -> None:
    """Create the folder for us alone, or make sure that nobody else made it.

    Anybody can write to the place where it lies, and a grant in it opens a gate.
    """
    try:
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
    except OSError as error:
        raise UnwritableError(path, error) from error
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not is_ours or found.st_mode & 0o022:
        raise UnwritableError(path, PermissionError(1, "others can write here"))


def _listed(runs: Sequence[str]) -> str:
    more = [f"and {len(runs) - _SHOWN} more"] if len(runs) > _SHOWN else []
    return "\n".join([*runs[:_SHOWN], *more])
