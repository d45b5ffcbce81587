"""Look at the main thread many times a second: where it is, or what it has allocated.

The thread is not one of ``threading``: a test that counts those finds what it would find without us.
"""

import _thread
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from types import CodeType, FrameType

import _pytest
import pluggy

import handrail

EVERY_S = 0.005
SAVE_EVERY_S = 2.0
ALLOCATION_FRAMES = 4
"""Innermost frames that are kept for each allocation: each of them costs, each time."""
_GROWTH = 1.25
_LEAST_GROWTH = 1 << 20
_OURS = tuple(
    os.path.dirname(os.path.abspath(each.__file__ or "")) + os.sep
    for each in (_pytest, pluggy, handrail)
)

Stack = tuple[str, ...]


class Sampler:
    """Samples while ``is_busy``. ``save`` is called now and then, so that a killed process loses little."""

    def __init__(self, kind: str, root: str, save: Callable[[], None]) -> None:
        self.stacks: dict[Stack, float] = {}
        self.under = ""
        """What the main thread does: the outermost frame of what is sampled; empty: nothing."""
        self._kind = kind
        self._labels = Labels(root)
        self._save = save
        self._main = _thread.get_ident()
        self._is_over = False
        self._most = 0
        self._sleep = time.sleep  # not the one that measures

    def start(self) -> None:
        """Begin; called by the main thread."""
        if self._kind == "memory" and not tracemalloc.is_tracing():
            tracemalloc.start(ALLOCATION_FRAMES)
        self._sleep = getattr(time.sleep, "__wrapped__", time.sleep)
        _thread.start_new_thread(self._run, ())

    def stop(self) -> None:
        """End, soon."""
        self._is_over = True

    def _run(self) -> None:
        last = saved = time.monotonic()
        while not self._is_over:
            self._sleep(EVERY_S)
            now = time.monotonic()
            if self.under:
                self._look(now - last)
            last = now
            if now - saved > SAVE_EVERY_S:
                self._save()
                saved = time.monotonic()

    def _look(self, seconds: float) -> None:
        if self._kind == "memory":
            self._weigh()
            return
        frame = sys._current_frames().get(self._main)  # noqa: SLF001 - there is no other way
        stack = (self.under, *self._labels.of(frame))
        self.stacks[stack] = self.stacks.get(stack, 0.0) + seconds

    def _weigh(self) -> None:
        """What is allocated, by stack, each time that it is a good deal more than ever before."""
        now, _ = tracemalloc.get_traced_memory()
        if now < self._most * _GROWTH + _LEAST_GROWTH:
            return
        self._most = now
        found: dict[Stack, float] = {}
        for trace in tracemalloc.take_snapshot().traces:
            places = [(each.filename, each.lineno) for each in trace.traceback]
            stack = self._labels.of_places(places)
            found[stack] = found.get(stack, 0.0) + trace.size
        self.stacks = found


class Labels:
    """Frames in words, without those of pytest and of ours."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip(os.sep) + os.sep
        self._known: dict[CodeType, str] = {}
        self._paths: dict[str, str | None] = {}

    def of(self, frame: FrameType | None) -> Stack:
        """Outermost first."""
        found: list[str] = []
        while frame is not None:
            code = frame.f_code
            label = self._known.get(code)
            if label is None:
                path = self.path(code.co_filename)
                label = f"{code.co_qualname} ({path}:{code.co_firstlineno})" if path else ""
                self._known[code] = label
            if label:
                found.append(label)
            frame = frame.f_back
        return tuple(reversed(found))

    def of_places(self, places: list[tuple[str, int]]) -> Stack:
        """The same for files and lines."""
        shown = ((self.path(file), line) for file, line in places)
        return tuple(f"{path}:{line}" for path, line in shown if path)

    def path(self, file: str) -> str | None:
        """As people know it; None if it is none of their business."""
        if file not in self._paths:
            self._paths[file] = self._path(file)
        return self._paths[file]

    def _path(self, file: str) -> str | None:
        if file.startswith(("<frozen importlib", *_OURS)):
            return None
        if file.startswith("<"):
            return file
        if file.startswith(self._root) and "site-packages" not in file:
            return file.removeprefix(self._root)
        for marker in ("site-packages", "dist-packages", "lib"):
            _, found, rest = file.rpartition(f"{os.sep}{marker}{os.sep}")
            if found:
                return rest
        return os.path.basename(os.path.dirname(file)) + "/" + os.path.basename(file)
