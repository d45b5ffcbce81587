"""``--profile``: what each process of a run measures: stacks, fixtures, imports, sleeps, allocations."""

import functools
import importlib
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from handrail.model.spec import RunSpec
from handrail.pytest_plugin.sampling import Labels, Sampler

_LEAST_S = 0.0005
"""A shorter import is not kept."""


class Imports:
    """Times every import from now on, by replacing the function that carries one out."""

    def __init__(self) -> None:
        self.costs: dict[str, tuple[float, float]] = {}
        self._inner: list[float] = []

    def watch(self, imported: Callable[[str], None]) -> None:
        """Begin. Does nothing where this Python has no such function.

        ``imported``: told of every module as soon as it is there.
        """
        bootstrap: Any = importlib.import_module("importlib._bootstrap")
        load = getattr(bootstrap, "_load_unlocked", None)
        if load is None:
            return

        def timed(spec: Any) -> Any:
            began = time.perf_counter()
            self._inner.append(0.0)
            try:
                found = load(spec)
                imported(spec.name)
                return found
            finally:
                self._note(spec.name, time.perf_counter() - began)

        bootstrap._load_unlocked = timed  # noqa: SLF001

    def _note(self, name: str, all_s: float) -> None:
        own_s = all_s - self._inner.pop()
        if self._inner:
            self._inner[-1] += all_s
        if all_s > _LEAST_S:
            self.costs[name] = (own_s, all_s)


_ASYNCIO = "asyncio.tasks"


class Sleeps:
    """Times ``time.sleep`` and ``asyncio.sleep``, by the line that calls them."""

    def __init__(self, root: str) -> None:
        self.costs: dict[str, tuple[int, float]] = {}
        self._labels = Labels(root)
        self._asleep: dict[str, int] = {}
        """Tasks that sleep now, by line: a hundred at once take the time of one."""
        self._since: dict[str, float] = {}

    def watch(self) -> None:
        """Begin; whoever has imported the function by name before is not heard of."""
        sleep = time.sleep

        @functools.wraps(sleep)
        def timed(seconds: Any, /) -> None:
            began = time.perf_counter()
            try:
                sleep(seconds)
            finally:
                self._note(sys._getframe(1), time.perf_counter() - began)  # noqa: SLF001

        time.sleep = timed
        if _ASYNCIO in sys.modules:
            self.imported(_ASYNCIO)

    def imported(self, module: str) -> None:
        """A module is there: asyncio's, perhaps, whose name for it everybody is given next."""
        if module != _ASYNCIO:
            return
        tasks: Any = sys.modules[_ASYNCIO]
        sleep = tasks.sleep

        @functools.wraps(sleep)
        async def timed(delay: Any, result: Any = None) -> Any:
            where = self._where(sys._getframe(1))  # noqa: SLF001
            if not where:
                return await sleep(delay, result)
            if not self._asleep.get(where):
                self._since[where] = time.perf_counter()
            self._asleep[where] = self._asleep.get(where, 0) + 1
            try:
                return await sleep(delay, result)
            finally:
                self._asleep[where] -= 1
                is_last = not self._asleep[where]
                took = time.perf_counter() - self._since[where] if is_last else 0.0
                self._add(where, took)

        tasks.sleep = timed
        package: Any = sys.modules.get("asyncio")
        if getattr(package, "sleep", None) is sleep:
            package.sleep = timed

    def _note(self, frame: Any, seconds: float) -> None:
        if where := self._where(frame):
            self._add(where, seconds)

    def _where(self, frame: Any) -> str:
        """The line of the project; empty elsewhere."""
        path = self._labels.path(frame.f_code.co_filename)
        return "" if path is None else f"{path}:{frame.f_lineno}"

    def _add(self, where: str, seconds: float) -> None:
        count, before = self.costs.get(where, (0, 0.0))
        self.costs[where] = (count + 1, before + seconds)


class Profiling:
    """A pytest plugin. Forked workers have a copy, which ``begin`` makes their own."""

    def __init__(self, spec: RunSpec, root: str) -> None:
        self._kind, self._folder, self._root = spec.profile, Path(spec.profile_folder), root
        self._imports, self._sleeps = Imports(), Sleeps(root)
        self._fixtures: dict[tuple[str, str, str], tuple[int, float]] = {}
        self._teardown_s: dict[tuple[str, str, str], float] = {}
        self._tests: list[tuple[str, int, int]] = []
        self._sampler: Sampler | None = None

    def watch(self) -> None:
        """Measure imports and sleeps from now on."""
        if self._kind == "time":
            self._imports.watch(self._sleeps.imported)
            self._sleeps.watch()

    def begin(self) -> None:
        """From now on this process runs tests: what was measured before is its parent's."""
        self._imports.costs.clear()
        self._sleeps.costs.clear()
        self._fixtures.clear()
        self._teardown_s.clear()
        self._sampler = Sampler(self._kind, self._root, self.save)
        self._sampler.start()

    def save(self) -> None:
        """Write what was measured so far; nothing is lost but the profile where that fails."""
        document = {
            "kind": self._kind,
            "stacks": list((self._sampler.stacks if self._sampler else {}).items()),
            "fixtures": [
                (*key, *each, self._teardown_s.get(key, 0.0))
                for key, each in list(self._fixtures.items())
            ],
            "imports": [(name, *each) for name, each in list(self._imports.costs.items())],
            "sleeps": [(where, *each) for where, each in list(self._sleeps.costs.items())],
            "tests": list(self._tests),
        }
        path = self._folder / f"{os.getpid()}.json"
        beside = path.with_suffix(".tmp")
        try:
            beside.write_text(json.dumps(document), "ascii")
            beside.replace(path)
        except (OSError, ValueError):
            return

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, Any]:
        """Sample collection too."""
        return (yield from self._sampled("collection"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Sample a test; weigh what it allocates."""
        if self._kind != "memory" or not tracemalloc.is_tracing():
            return (yield from self._sampled("tests"))
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        try:
            return (yield from self._sampled("tests"))
        finally:
            after, peak = tracemalloc.get_traced_memory()
            self._tests.append((item.nodeid, peak - before, after - before))

    def _sampled(self, under: str) -> Generator[None, Any, Any]:
        sampler = self._sampler
        if sampler is None or sampler.under:
            return (yield)
        sampler.under = under
        try:
            return (yield)
        finally:
            sampler.under = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """The fixtures that this one asks for are set up already, unless it does so by name.

        Its teardown lies between two finalizers: what was added first is called last, and fixtures
        that use this one are torn down before the second is called.
        """
        key = (fixturedef.argname, fixturedef.scope, fixturedef.baseid)
        down_at: list[float] = []

        def note_teardown() -> None:
            if down_at:
                took = time.perf_counter() - down_at[0]
                self._teardown_s[key] = self._teardown_s.get(key, 0.0) + took

        fixturedef.addfinalizer(note_teardown)
        began = time.perf_counter()
        try:
            return (yield)
        finally:
            count, seconds = self._fixtures.get(key, (0, 0.0))
            self._fixtures[key] = (count + 1, seconds + time.perf_counter() - began)
            fixturedef.addfinalizer(lambda: down_at.append(time.perf_counter()))

    def finish(self) -> None:
        """No more tests here."""
        if self._sampler is not None:
            self._sampler.stop()
        self.save()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Where there are no workers, and in the controller."""
        self.finish()


def register(config: pytest.Config, spec: RunSpec) -> None:
    """Measure what was asked for. Workers begin when they are one."""
    found = Profiling(spec, str(config.rootpath))
    config.pluginmanager.register(found, "handrail-profile")
    found.watch()
    if not spec.workers:
        found.begin()
