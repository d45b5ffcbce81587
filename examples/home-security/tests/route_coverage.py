"""Which pages of the app the browser tests visited; fewer than all of them is a failure.

Tests write down their visits with ``record_property``, so it does not matter in which process they
run. A visit counts when the test that made it passed. A run that somebody narrowed to some files,
or to some names, shows the table and is not judged by it.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from home_security.web import PAGES

VISIT = "visited page"


class RouteCoverage:
    """Counts the tests that visited each page, in the process that hears of all of them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._has_passed: set[str] = set()
        self._visits: Counter[str] = Counter()
        self._has_heard = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The last report of a test has all that it wrote down."""
        if report.when == "call" and report.passed:
            self._has_passed.add(report.nodeid)
        if report.when == "teardown":
            visited = {value for key, value in report.user_properties if key == VISIT}
            self._has_heard |= bool(visited)
            if report.nodeid in self._has_passed:
                self._visits.update(str(path) for path in visited)

    def missing(self) -> list[str]:
        """Pages that no test visited."""
        return [page.path for page in PAGES if not self._visits[page.path]]

    def is_judged(self) -> bool:
        """Whether all browser tests were meant to run."""
        is_narrowed = self._config.args_source is pytest.Config.ArgsSource.ARGS
        return self._has_heard and not is_narrowed and not self._config.option.keyword

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """A page that nobody looked at fails a run that was green."""
        result = yield
        if self.is_judged() and self.missing() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table, at the end."""
        if not self._has_heard:
            return
        terminalreporter.section("route coverage")
        for page in PAGES:
            count = self._visits[page.path]
            told = f"{count:4} tests" if count else " not visited"
            terminalreporter.write_line(f"{page.path:12} {told}")
        visited = len(PAGES) - len(self.missing())
        verdict = "" if self.is_judged() else " (not judged: only some tests were selected)"
        terminalreporter.write_line(f"{visited}/{len(PAGES)} pages visited{verdict}")


def pytest_configure(config: pytest.Config) -> None:
    """Listen."""
    config.pluginmanager.register(RouteCoverage(config), "route-coverage")
