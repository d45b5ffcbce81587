"""``--guard``: watch every test for what it leaves behind in its process.

A test is looked at from before its set-up to after its teardown, but before what outlives it is torn
down. What the set-up of a fixture of wider scope changes meanwhile is that fixture's, not the test's.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import pytest

from handrail.core.leaks import Key, rebased
from handrail.execution.process_state import Looker
from handrail.model.events import Note
from handrail.model.leftovers import Leftover
from handrail.pytest_plugin.problems import LeakError
from handrail.pytest_plugin.recording import EventStream

MOST_NOTES = 50
SHOWN = 3
"""Leftovers of one test that a note names."""


class Guard:
    """A pytest plugin, at work in the process that runs the tests. ``is_strict``: leaks are failures."""

    def __init__(self, root: str, *, is_strict: bool) -> None:
        self._looker = Looker(root)
        self._is_strict = is_strict
        self._base: Mapping[Key, Any] | None = None
        """What was there before the test; None: to be looked at."""
        self.tell: Callable[[str, Sequence[str]], None] = lambda _test, _texts: None
        """Told of what a test leaves behind, unless that makes it fail."""

    def pytest_collectreport(self) -> None:
        """A module was imported, which no test has to answer for."""
        self._base = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Look, unless nothing but tests has run since; and look again when this test is torn down."""
        if self._base is None:
            self._base = self._looker.look()
        teardown = item.teardown

        def tear_down_and_look() -> None:
            __tracebackhide__ = True
            try:
                teardown()
            finally:
                item.__dict__.pop("teardown", None)
            self._compare(item.nodeid)

        # The first finalizer of its node, and so the last that is called, before those of its module.
        item.__dict__["teardown"] = tear_down_and_look

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """What a fixture changes that outlives the test is not the test's."""
        if fixturedef.scope == "function" or self._base is None:
            return (yield)
        before = self._looker.look()
        try:
            return (yield)
        finally:
            if self._base is not None:
                self._base = rebased(self._base, before, self._looker.look())

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """What was torn down with a wider fixture nobody can tell from what the test did: look anew."""
        if fixturedef.scope != "function":
            self._base = None

    def _compare(self, nodeid: str) -> None:
        __tracebackhide__ = True
        now = self._looker.look()
        base, self._base = self._base, now
        found: tuple[Leftover, ...] = ()
        if base is not None and base != now:
            found = self._looker.left_between(base, now)
        texts = [each.text for each in found]
        if texts and self._is_strict:
            raise LeakError("the test left something behind\n" + "\n".join(texts))
        if texts:
            self.tell(nodeid, texts)


class Leaks:
    """A pytest plugin of the session that reports: makes notes of what tests left behind."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._count = 0

    def add(self, nodeid: str, texts: Sequence[str]) -> None:
        """One note for each test, as long as there are not too many."""
        self._count += 1
        if self._count <= MOST_NOTES:
            more = f"; +{len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
            self._note(f"{nodeid} left behind: {'; '.join(texts[:SHOWN])}{more}")

    def pytest_sessionfinish(self) -> None:
        """Say how many tests were not named."""
        if self._count > MOST_NOTES:
            self._note(f"{self._count - MOST_NOTES} more tests left something behind")

    def _note(self, text: str) -> None:
        self._stream.add(Note(at=time.time(), code="leak", text=text, is_warning=True))


def register_guard(config: pytest.Config, mode: str) -> None:
    """Watch, if that was asked for. Whoever runs the tests sets ``tell``."""
    if mode:
        guard = Guard(str(config.rootpath), is_strict=mode == "fail")
        config.pluginmanager.register(guard, "handrail-guard")


def have_guard_tell(config: pytest.Config, tell: Callable[[str, Sequence[str]], None]) -> None:
    """Let the guard of this process, if it has one, tell this."""
    guard: Any = config.pluginmanager.get_plugin("handrail-guard")
    if guard is not None:
        guard.tell = tell
