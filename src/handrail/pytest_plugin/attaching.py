"""The fixture ``attach``: files of a test, kept with its result. What pytest-playwright writes too."""

import mimetypes
import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from handrail.pytest_plugin.preparing import KEPT_IN
from handrail.runs.attached import add_attachment

Attach = Callable[..., None]
_KINDS = mimetypes.MimeTypes()
"""Without the files of this machine: a name means the same everywhere."""
for _ending in (".log", ".md", ".ini", ".toml"):
    _KINDS.add_type("text/plain", _ending)
_UNKNOWN = "application/octet-stream"


def attaching(request: pytest.FixtureRequest) -> Attach:
    """What the fixture gives to a test."""
    folder = request.config.stash.get(KEPT_IN, "")
    test = request.node.nodeid

    def attach(
        name: str | os.PathLike[str], content: bytes | str | None = None, kind: str = ""
    ) -> None:
        """Keep a file with this test's result: ``attach(path)``, or ``attach("a.json", data)``.

        ``kind``: its media type; by default what the ending of the name says. Text is kept as UTF-8.
        In plain pytest nothing is kept, but what could not be is an error there too.
        A file that Handrail cannot keep (a full disk) is a warning: the test has not failed by that.
        Raises: FileNotFoundError if there is no such file; TypeError.
        """
        source, title = _source(name, content)
        if folder:
            _keep(folder, test, title, kind, source)

    return attach


def _keep(folder: str, test: str, title: str, kind: str, source: bytes | Path) -> None:
    shown = kind or _KINDS.guess_type(title)[0] or _UNKNOWN
    try:
        add_attachment(Path(folder), test, title, shown, source)
    except OSError as error:
        text = f"handrail: {title} could not be attached: {error.strerror or error}"
        warnings.warn(text, stacklevel=3)


def _source(name: str | os.PathLike[str], content: bytes | str | None) -> tuple[bytes | Path, str]:
    if content is None:
        path = Path(name)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file to attach: {path}")
        return path, path.name
    if isinstance(content, str):
        return content.encode("utf-8", "backslashreplace"), str(name)
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content), str(name)
    raise TypeError(f"bytes or text can be attached, not {type(content).__name__}")


class BrowserOutput:
    """Attaches the files in a test's output folder: screenshots, films, traces."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """They are there when the last phase of the test has its report."""
        report = yield
        output = (getattr(item, "funcargs", None) or {}).get("output_path")
        if call.when == "teardown" and isinstance(output, str):
            for path in _files(Path(output)):
                _keep(self._folder, item.nodeid, path.name, "", path)
        return report


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
