"""What each test uses: functions that begin while it runs, files that it reads, folders that it lists.

Functions are seen by ``sys.monitoring`` (Python 3.12): each tells once for each test, then is
switched off until the next. Where there is none, a test counts as using all that it imports.
A fixture that outlives a test is watched by itself: what it used counts for every test that may use it.
"""

import json
import os
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from handrail.model.spec import RunSpec

_TOOLS = (4, 3)
"""Ids that the documentation gives to nobody."""
_PROCESSES = frozenset(
    {
        "subprocess.Popen",
        "os.system",
        "os.posix_spawn",
        "os.fork",
        "os.forkpty",
        "os.exec",
        "os.spawn",
    }
)
_LISTINGS = frozenset({"os.listdir", "os.scandir"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_NOT_DATA = (".py", ".pyc", ".so")


class Window:
    """What happens while something is watched."""

    __slots__ = ("codes", "files", "folders", "starts_process")

    def __init__(self) -> None:
        self.codes: set[CodeType] = set()
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.starts_process = False

    def add(self, other: "Window") -> None:
        """What happened there counts here too."""
        self.codes |= other.codes
        self.files |= other.files
        self.folders |= other.folders
        self.starts_process = self.starts_process or other.starts_process


class Tracing:
    """A pytest plugin. Each process that runs tests has one file, one line for each test."""

    def __init__(self, spec: RunSpec, root: str) -> None:
        self._folder, self._root = Path(spec.trace_folder), root.rstrip(os.sep) + os.sep
        self._window: Window | None = None
        self._wide: dict[int, tuple[Any, Window]] = {}
        """By fixture: what was used to set it up."""
        self._paths: dict[str, str | None] = {}
        self._monitoring: Any = getattr(sys, "monitoring", None)
        self._tool: int | None = None
        self._file: Any = None

    def begin(self) -> None:
        """From now on this process runs tests."""
        self._file = (self._folder / f"{os.getpid()}.ndjson").open("a", encoding="ascii")
        sys.addaudithook(self._heard)
        if self._monitoring is None:
            return
        for tool in _TOOLS:
            if self._monitoring.get_tool(tool) is None:
                self._monitoring.use_tool_id(tool, "handrail")
                self._monitoring.set_events(tool, self._monitoring.events.PY_START)
                self._tool = tool
                return

    # Windows.

    def _enter(self) -> tuple[Window, Window | None]:
        outer, window = self._window, Window()
        self._watch(window)
        return window, outer

    def _watch(self, window: Window | None) -> None:
        """What is used from now on goes there."""
        self._window = window
        if self._tool is None:
            return
        add, off = (window.codes.add if window else None), self._monitoring.DISABLE

        def started(code: CodeType, _offset: int) -> Any:
            if add is not None:
                add(code)
            return off

        self._monitoring.register_callback(self._tool, self._monitoring.events.PY_START, started)
        if window is not None:
            self._monitoring.restart_events()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Watch a test, from its set-up to its teardown."""
        if self._file is None:
            return (yield)
        window, _ = self._enter()
        try:
            return (yield)
        finally:
            self._watch(None)
            for wide in self._wide_of(item):
                window.add(wide)
            self._write(item.nodeid, window)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """Watch what outlives a test by itself."""
        if fixturedef.scope == "function" or self._window is None:
            return (yield)
        window, outer = self._enter()
        try:
            return (yield)
        finally:
            if id(fixturedef) in self._wide:  # with another parameter, say
                window.add(self._wide[id(fixturedef)][1])
            self._wide[id(fixturedef)] = (fixturedef, window)
            self._watch(outer)

    def _wide_of(self, item: Any) -> Iterable[Window]:
        """Of the fixtures that a test may use: all there are, if it asks for some by name."""
        info = getattr(item, "_fixtureinfo", None)
        if info is None or "request" in info.names_closure:
            return [window for _, window in self._wide.values()]
        definitions = (each for found in info.name2fixturedefs.values() for each in found)
        return [self._wide[id(each)][1] for each in definitions if id(each) in self._wide]

    # Files.

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        window = self._window
        if window is None:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and not flags & _WRITES:
                self._note(window.files, path)
        elif event in _LISTINGS:
            self._note(window.folders, arguments[0])
        elif event in _PROCESSES:
            window.starts_process = True

    def _note(self, found: set[str], path: Any) -> None:
        if isinstance(path, (str, bytes, os.PathLike)):
            try:
                found.add(os.path.abspath(os.fsdecode(path)))
            except (OSError, TypeError, ValueError):
                return
        elif path is None:
            found.add(os.getcwd())

    def _write(self, nodeid: str, window: Window) -> None:
        code: dict[str, set[str]] | None = None
        if self._tool is not None:
            code = {}
            for each in window.codes:
                path = self._path(each.co_filename)
                if path is not None:
                    code.setdefault(path, set()).add(each.co_qualname)
        files = [path for each in window.files if (path := self._path(each))]
        folders = [path for each in window.folders if (path := self._path(each)) is not None]
        document = [
            nodeid,
            None if code is None else {path: sorted(names) for path, names in code.items()},
            [each for each in files if not each.endswith(_NOT_DATA)],
            folders,
            window.starts_process,
        ]
        try:
            self._file.write(json.dumps(document) + "\n")
            self._file.flush()
        except (OSError, ValueError):
            return  # what is not recorded is run

    def _path(self, file: str) -> str | None:
        """Relative to the project, if it is one of its files."""
        if file not in self._paths:
            self._paths[file] = self._relative(file)
        return self._paths[file]

    def _relative(self, file: str) -> str | None:
        if not (file + os.sep).startswith(self._root):
            return None
        path = file[len(self._root) :].replace(os.sep, "/")
        parts = path.split("/")
        is_foreign = any(part.startswith(".") or part == "__pycache__" for part in parts if part)
        return None if is_foreign or "site-packages" in parts else path


def register(config: pytest.Config, spec: RunSpec) -> None:
    """Record what tests use. Workers begin when they are one."""
    found = Tracing(spec, str(config.rootpath))
    config.pluginmanager.register(found, "handrail-tracing")
    if not spec.workers:
        found.begin()
