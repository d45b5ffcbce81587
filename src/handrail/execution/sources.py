"""The sources of a project as they are now and were before, and what a change of them affects."""

import math
import os
import time
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

from handrail.core.affected import Graph, Imports, Selection, affected, read_imports
from handrail.execution.saves import Saves, stamp_of

MOST_BYTES = 1 << 20
"""Of a larger file it is not looked whether its text has changed, only whether it was written."""


class Sources:
    """What is watched below ``root``, read piece by piece while there is nothing else to do."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.saves = Saves(root)
        self._imports: dict[str, Imports] = {}
        self._texts: dict[str, int] = {}
        """A hash of each."""
        self._unread = sorted(self.saves.files)
        self._by_tests: set[str] = set()
        """Written while tests ran, and no source: made by them, so that they affect nothing."""
        self._own: frozenset[str] = frozenset()
        """Sources that tests write: they affect nothing when that is done while tests run."""
        self._ran_until = 0.0

    @property
    def count(self) -> int:
        """How many files are watched."""
        return len(self.saves.files)

    @property
    def is_read(self) -> bool:
        """Whether every file was read."""
        return not self._unread

    def read_one(self) -> None:
        """Read one more. One that was saved since the look at all files is not known by its new text."""
        if self._unread:
            path = self._unread.pop()
            self._read(path)
            if stamp_of(self._root / path) != self.saves.files.get(path):
                self._texts.pop(path, None)

    def changed(self, *, is_running: bool) -> frozenset[str]:
        """Files that were saved with another text, or are new, or gone; mostly none.

        ``is_running``: whether tests run, so that what is no source may be their work.
        """
        found = self.saves.changed() - self._by_tests
        found -= {each for each in self._own & found if is_running or self.is_of_the_round(each)}
        if is_running:
            self._by_tests |= {each for each in found if not each.endswith(".py")}
        return frozenset(each for each in found - self._by_tests if self._is_new(each))

    def begin_round(self) -> None:
        """Tests run from now on."""
        self._ran_until = math.inf

    def end_round(self) -> None:
        """They have ended."""
        self._ran_until = time.time()

    def saved_at(self, path: str) -> float:
        """When a file was saved; 0 if it is gone."""
        return self.saves.files.get(path, (0, 0, 0))[0] / 1e9

    def is_of_the_round(self, path: str) -> bool:
        """Whether it was saved before the last round had ended."""
        return self.saved_at(path) <= self._ran_until

    def leave_to_tests(self, files: AbstractSet[str]) -> None:
        """Tests write these: what happens to them while tests run affects nothing."""
        self._own |= files

    def _is_new(self, path: str) -> bool:
        return path not in self.saves.files or self._text_of(path)[1] != self._texts.get(path)

    def affected(self, changed: AbstractSet[str], modules: AbstractSet[str]) -> Selection:
        """What to run now; takes note of the new texts. ``modules``: see ``core.affected``."""
        while self._unread:
            self.read_one()
        before = Graph(dict(self._imports))
        for path in changed:
            if path in self.saves.files:
                self._read(path)
                self._outdate(path)
            else:
                self._imports.pop(path, None)
                self._texts.pop(path, None)
        return affected(before, Graph(dict(self._imports)), changed, modules)

    def _read(self, path: str) -> None:
        text, self._texts[path] = self._text_of(path)
        if path.endswith(".py"):
            self._imports[path] = read_imports(text.decode("utf-8", "replace"))

    def _text_of(self, path: str) -> tuple[bytes, int]:
        stamp = self.saves.files.get(path, (0, 0, 0))
        if stamp[1] > MOST_BYTES and not path.endswith(".py"):
            return b"", hash(stamp)
        try:
            text = (self._root / path).read_bytes()
        except OSError:
            return b"", hash(stamp)
        return text, hash(text)

    def _outdate(self, path: str) -> None:
        """Remove the bytecode of a source. Python takes one of the same size and second for the same."""
        folder, _, name = path.rpartition("/")
        with suppress(OSError):
            for each in os.scandir(self._root / folder / "__pycache__"):
                if each.name.startswith(f"{name.removesuffix('.py')}.") and path.endswith(".py"):
                    os.unlink(each.path)

    def close(self) -> None:
        """Watch no longer."""
        self.saves.close()
