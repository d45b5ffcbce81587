"""What fills a template once: a function, a file of SQL, a command."""

import asyncio
import importlib
import inspect
import os
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from handrail.errors import ExitCode, UserError
from handrail.frozen import dataclass
from handrail.services.snapshots import content_key, key

_TAIL_LINES = 20
_MIGRATIONS = ("alembic", "migrations", "alembic.ini")
_SUFFIXES = frozenset({".py", ".sql", ".ini", ".toml", ".json", ".yaml", ".yml", ".csv"})


class TemplateError(UserError):
    """The template cannot be made; shown with what it printed."""

    reference = "template"
    exit_code = ExitCode.INFRA_ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How a template is filled, and where its files are."""

    text: str
    """As in the configuration."""
    root: Path
    """The project's folder."""

    @property
    def is_sql(self) -> bool:
        """Whether it is a file of SQL."""
        return self.text.endswith(".sql") and " " not in self.text

    @property
    def function(self) -> tuple[str, str] | None:
        """Module and name of a function."""
        module, colon, name = self.text.partition(":")
        is_path = all(part.isidentifier() for part in module.split("."))
        return (module, name) if colon and name.isidentifier() and is_path else None

    def identity(self) -> str:
        """Changes with whatever it is made of: too often does no harm, too seldom would."""
        return key(self.text, content_key(self._files()))

    def _files(self) -> Iterator[Path]:
        if self.is_sql:
            yield self.root / self.text
            return
        for name in _MIGRATIONS:
            yield from _below(self.root / name)
        if self.function is not None:
            package = self.function[0].partition(".")[0]
            for base in (self.root / "src", self.root):
                yield from _below(base / package)
                yield base / f"{package}.py"
            return
        for word in shlex.split(self.text):
            yield from _below(self.root / word)

    def fill(self, url: str, execute: Callable[[str], object], env: Mapping[str, str]) -> None:
        """Fill the database at ``url``. ``execute``: runs SQL there; ``env``: for a command.

        Raises: TemplateError.
        """
        if self.is_sql:
            self._fill_by_sql(execute)
        elif self.function is not None:
            self._fill_by_function(*self.function, url, env)
        else:
            self._fill_by_command(env)

    def _fill_by_sql(self, execute: Callable[[str], object]) -> None:
        try:
            execute((self.root / self.text).read_text("utf-8"))
        except Exception as error:
            raise TemplateError(
                f"the template {self.text} failed: {error}", hint="correct the SQL"
            ) from error

    def _fill_by_function(self, module: str, name: str, url: str, env: Mapping[str, str]) -> None:
        before = dict(os.environ)
        os.environ.update(env)
        try:
            function = getattr(importlib.import_module(module), name)
            takes_url = bool(inspect.signature(function).parameters)
            result = function(url) if takes_url else function()
            if inspect.isawaitable(result):
                asyncio.run(_wait_for(result))
        except Exception as error:
            raise TemplateError(
                f"the template {self.text} failed: {type(error).__name__}: {error}",
                where=f"called with {url}" if "url" in locals() else "",
                hint=f"call it by hand: python -c 'import {module}; {module}.{name}(URL)'",
            ) from error
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _fill_by_command(self, env: Mapping[str, str]) -> None:
        words = shlex.split(self.text)
        path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        try:
            done = subprocess.run(
                words,
                cwd=self.root,
                env=dict(os.environ) | {"PATH": path} | dict(env),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError as error:
            raise TemplateError(
                f"the template command {words[0]} cannot be run: {error.strerror}",
                hint="give a command, a function (module:name) or a file of SQL",
            ) from error
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").splitlines()[-_TAIL_LINES:]
            raise TemplateError(
                f"the template command failed with exit code {done.returncode}: {self.text}",
                where="\n".join(said),
                hint="run it by hand with DATABASE_URL set",
            )


async def _wait_for(awaitable: Awaitable[object]) -> None:
    await awaitable


def _below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        yield from (Path(folder, name) for name in names if Path(name).suffix in _SUFFIXES)
