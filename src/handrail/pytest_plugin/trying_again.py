"""Without workers: a test that failed is tried again, after the rest of its module."""

from typing import Any

import pytest

from handrail.pytest_plugin.internals import process
from handrail.pytest_plugin.selection import Barrier
from handrail.pytest_plugin.single import Single


class TryingAgain:
    """A pytest plugin, for runs in which tests may be tried again.

    pytest and its plugins are told of the attempt that counts; of those before, only our recorder.
    """

    def __init__(self, barrier: Barrier, single: Single) -> None:
        self._barrier = barrier
        self._single = single
        self._attempts: dict[str, int] = {}
        self._untold: dict[str, list[pytest.TestReport]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Any:
        """Run a test that may be tried again; hold back what it reports until it is known to count."""
        retries, reason = self._barrier.retries(item)
        if not retries:
            return None
        session, nodeid = item.session, item.nodeid
        attempt = self._attempts.get(nodeid, 1)
        failed_before = session.testsfailed
        if attempt > 1:
            process.renew(item)
        item.ihook.pytest_runtest_logstart(nodeid=nodeid, location=item.location)
        found = process.run_unreported(item, nextitem)
        has_failed = self._single.has_failed(found) or session.testsfailed > failed_before
        is_going_on = not (session.shouldstop or session.shouldfail)
        self._untold.pop(nodeid, None)
        if has_failed and attempt <= retries and is_going_on:
            self._attempts[nodeid] = attempt + 1
            self._untold[nodeid] = found
            session.testsfailed = failed_before
            self._single.record_unreported(found, reason)
            session.items.insert(_end_of_module(session.items, item, nextitem), item)
        else:
            for each in found:
                item.ihook.pytest_runtest_logreport(report=each)
        item.ihook.pytest_runtest_logfinish(nodeid=nodeid, location=item.location)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """The run was stopped before the attempt that would have counted: then the last one counts."""
        for found in self._untold.values():
            self._single.is_deaf = True
            for each in found:
                session.config.hook.pytest_runtest_logreport(report=each)


def _end_of_module(
    items: list[pytest.Item], item: pytest.Item, nextitem: pytest.Item | None
) -> int:
    """Where the tests of this one's module end, that follow it."""
    place = len(items) - items[::-1].index(item)
    if nextitem is None:
        return place
    while place < len(items) and items[place].path == item.path:
        place += 1
    return place
