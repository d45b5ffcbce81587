"""The one place that picks real things: reads the environment, the clock, the files, and hands them on."""

import os
import sys
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.config.loading import load_settings
from handrail.core.policy import Circumstances, place_of
from handrail.errors import UsageError
from handrail.frozen import dataclass, field
from handrail.model.tiers import Settings
from handrail.runs.folder import PreparedState, RunFolder, StateFolder, prepare_state
from handrail.runs.grants import Grants
from handrail.runs.locating import existing, project_root, temporary_folder

if TYPE_CHECKING:
    from handrail.model.quarantine import Quarantined
    from handrail.ports.history import History


QUARANTINE = ".handrail-quarantine.toml"
"""Beside ``pyproject.toml``, under version control."""


@dataclass(frozen=True)
class Wiring:
    """Everything outside, for one command. Parts that cost something are made when asked for."""

    folder: Path
    """Where the command was given."""
    environ: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def root(self) -> Path:
        """The project's folder: the nearest one upwards that has a project's file."""
        return Path(project_root(os.path.abspath(self.folder)))

    @cached_property
    def settings(self) -> Settings:
        """The project's settings. Raises: ConfigError."""
        path = self.root / "pyproject.toml"
        try:
            text: str | None = path.read_text("utf-8")
        except FileNotFoundError:
            text = None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "pyproject.toml cannot be read", where=f"{path}: {error}", hint="check the file"
            ) from error
        return load_settings(text, path=path.name, environ=self.environ)

    @cached_property
    def quarantine(self) -> "tuple[Quarantined, ...]":
        """The tests in quarantine, as of today. Raises: ConfigError."""
        text = self.quarantine_text
        if not text:
            return ()
        from handrail.config.quarantine import parse

        return parse(text, today=time.strftime("%Y-%m-%d", time.gmtime()))

    @property
    def quarantine_text(self) -> str:
        """Of the quarantine file; nothing without one."""
        path = self.root / QUARANTINE
        try:
            return path.read_text("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "the quarantine file cannot be read",
                where=f"{path}: {error}",
                hint="check the file",
            ) from error

    @cached_property
    def state(self) -> PreparedState:
        """The state folder, made ready to be written. Raises: UnwritableError."""
        temporary = Path(temporary_folder(self.environ))
        return prepare_state(self.root / self.settings.state, temporary=temporary)

    def find(self, reference: str) -> RunFolder:
        """The run of that name, or in that folder. Raises: NoSuchRunError, AmbiguousRunError."""
        if os.sep in reference and os.path.isdir(self.folder / reference):
            return RunFolder(self.folder / reference)
        return self.state.folder.find(reference)

    @cached_property
    def grants(self) -> Grants:
        """Gates that a person opened."""
        return Grants(self.root / self.settings.state / "grants.json")

    @cached_property
    def history(self) -> "History":
        """Results of earlier runs."""
        return self.fresh_history()

    def fresh_history(self) -> "History":
        """The same, for a process that was forked since: what it inherited it must not use."""
        from handrail.store.sqlite_history import SqliteHistory

        return SqliteHistory(self.state.folder.history)

    def history_beside(self, run: RunFolder) -> "History":
        """The history that a run was kept in, whatever the configuration says by now."""
        from handrail.store.sqlite_history import SqliteHistory

        return SqliteHistory(StateFolder(run.path.parent.parent).history)

    def circumstances(self, flagged: frozenset[str] = frozenset()) -> Circumstances:
        """What the policy depends on here and now. Raises: UsageError."""
        return Circumstances(
            place=place_of(self.environ),
            granted=self.grants.granted(time.time()),
            flagged=flagged,
            environ=self.environ,
        )

    def is_coloured(self, asked: str) -> bool:
        """Whether stdout gets colour: as asked, or as NO_COLOR, FORCE_COLOR, TERM and it itself say."""
        if asked != "auto":
            return asked == "always"
        if self.environ.get("NO_COLOR"):
            return False
        if self.environ.get("FORCE_COLOR"):
            return True
        return sys.stdout.isatty() and self.environ.get("TERM", "") != "dumb"


def wire(folder: str | None) -> Wiring:
    """For a command given here, or in ``folder``. Raises: UsageError if there is no such folder."""
    return Wiring(folder=Path(existing(folder)), environ=dict(os.environ))
