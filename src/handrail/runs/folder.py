"""``.handrail/``: where runs leave what they did, one folder each."""

from contextlib import suppress
from pathlib import Path
from random import Random

from handrail.frozen import dataclass
from handrail.runs.atomic import UnwritableError, write_atomically
from handrail.runs.locating import LATEST, fallback, find_run, is_private, run_ids
from handrail.runs.naming import new_run_id


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
    def test_log(self) -> Path:
        """What the tests logged, one JSON object a line; there only if that was asked for."""
        return self.path / "test-log.ndjson"

    @property
    def page(self) -> Path:
        """The report as one HTML file; there only if that was asked for."""
        return self.path / "report.html"

    @property
    def done(self) -> Path:
        """Node ids that were left out because an earlier run had done them."""
        return self.path / "done.json"

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
        return [RunFolder(self._runs() / run_id) for run_id in run_ids(str(self.root))]

    def find(self, reference: str) -> RunFolder:
        """The run with that id, the only one whose id begins so, or ``latest``.

        Raises: NoSuchRunError, AmbiguousRunError; both list candidates.
        """
        return RunFolder(self._runs() / find_run(str(self.root), reference))

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
        folder = StateFolder(Path(fallback(str(root), str(temporary))))
        _own(folder.root)
        folder.prepare()
        note = f"{problem.where.splitlines()[0]}; this run is kept in {folder.root}"
        return PreparedState(folder=folder, note=note)
    return PreparedState(folder=StateFolder(root))


def _own(path: Path) -> None:
    """Create the folder for us alone, or make sure that nobody else made it.

    Anybody can write to the place where it lies, and a grant in it opens a gate.
    """
    try:
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        path.lstat()
    except OSError as error:
        raise UnwritableError(path, error) from error
    if not is_private(str(path)):
        raise UnwritableError(path, PermissionError(1, "others can write here"))
