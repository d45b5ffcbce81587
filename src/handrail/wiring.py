"""The one place that picks real things: reads the environment, the clock, the files, and hands them on."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.config.loading import load_settings
from handrail.core.policy import Circumstances, place_of
from handrail.errors import UsageError
from handrail.model.tiers import Settings
from handrail.runs.folder import PreparedState, prepare_state
from handrail.runs.grants import Grants

if TYPE_CHECKING:
    from handrail.ports.history import History

_ROOT_MARKS = (
    "pyproject.toml",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "setup.py",
    ".git",
)
_AGENT_VARIABLES = (
    "AI_AGENT",
    "AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE",
    "CODEX_SANDBOX",
    "CURSOR_AGENT",
    "CURSOR_TRACE_ID",
    "GEMINI_CLI",
    "OPENCODE",
    "REPL_ID",
)
_FALSE = frozenset({"", "0", "false", "no", "off"})
FORMATS = ("auto", "human", "agent", "json", "ndjson", "github")


@dataclass(frozen=True)
class Wiring:
    """Everything outside, for one command. Parts that cost something are made when asked for."""

    folder: Path
    """Where the command was given."""
    environ: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def root(self) -> Path:
        """The project's folder: the nearest one upwards that has a project's file."""
        for folder in (self.folder, *self.folder.parents):
            if (folder / "pyproject.toml").is_file():
                return folder
        for folder in (self.folder, *self.folder.parents):
            if any((folder / mark).exists() for mark in _ROOT_MARKS):
                return folder
        return self.folder

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
    def state(self) -> PreparedState:
        """The state folder, made ready to be written. Raises: UnwritableError."""
        import tempfile

        return prepare_state(self.root / self.settings.state, temporary=Path(tempfile.gettempdir()))

    @cached_property
    def grants(self) -> Grants:
        """Gates that a person opened."""
        return Grants(self.root / self.settings.state / "grants.json")

    @cached_property
    def history(self) -> "History":
        """Results of earlier runs."""
        from handrail.store.sqlite_history import SqliteHistory

        return SqliteHistory(self.state.folder.history)

    def circumstances(self, flagged: frozenset[str] = frozenset()) -> Circumstances:
        """What the policy depends on here and now. Raises: UsageError."""
        return Circumstances(
            place=place_of(self.environ),
            granted=self.grants.granted(time.time()),
            flagged=flagged,
            environ=self.environ,
        )

    @property
    def is_agent(self) -> bool:
        """Whether an agent runs this, whatever HANDRAIL_AGENT says about the format."""
        return any(self.environ.get(name, "").lower() not in _FALSE for name in _AGENT_VARIABLES)

    def format(self, asked: str) -> str:
        """The format of the answer: as asked, or what suits whoever reads it."""
        if asked != "auto":
            return asked
        switch = self.environ.get("HANDRAIL_AGENT")
        if switch is not None:
            return "agent" if switch.lower() not in _FALSE else "human"
        if self.is_agent:
            return "agent"
        if self.environ.get("GITHUB_ACTIONS", "").lower() == "true":
            return "github"
        return "human"

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
    path = Path(folder).absolute() if folder else Path.cwd()
    if not path.is_dir():
        raise UsageError(f"there is no folder {folder}", hint="give -C a folder that exists")
    return Wiring(folder=path, environ=dict(os.environ))
