"""pytest's terminal reporter: what it counts, what it is told, and its silence in workers."""

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest


def hide_from_header(config: pytest.Config) -> None:
    """Leave no trace in pytest's header: an idle plugin must not change a byte of the output.

    pytest prints every distribution in pluggy's list; there is no way to stay off it.
    """
    listed = config.pluginmanager._plugin_distinfo
    listed[:] = [
        pair for pair in listed if getattr(pair[0], "__name__", "") != "handrail.pytest_plugin"
    ]


def add_to_collected_count(config: pytest.Config, count: int) -> None:
    """Let the terminal reporter say ``collected N items`` for items collected elsewhere."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter._numcollected += count


def add_deselected(config: pytest.Config, count: int) -> None:
    """Let the terminal reporter say ``N deselected`` for items deselected elsewhere."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and count:
        reporter._add_stats("deselected", [SimpleNamespace() for _ in range(count)])


_COURSE_OF_A_TEST = (
    "pytest_runtest_logstart",
    "pytest_runtest_logreport",
    "pytest_runtest_logfinish",
)
_LISTENERS_OF_FAILURES = frozenset(
    {
        "_pytest.cacheprovider",
        "_pytest.faulthandler",
        "_pytest.logging",
        "_pytest.main",
        "_pytest.terminal",
        "handrail.pytest_plugin.parallel",
        "handrail.pytest_plugin.single",
        "pytest_cov.plugin",
        "xdist.plugin",
    }
)


def only_pytest_listens(config: pytest.Config) -> bool:
    """Whether nobody but pytest's own reporter and cache would look at the report of a plain pass.

    Then the three reports and two other hook calls of each can be left out: they take longer than
    the test itself, and leave no trace but a dot in a log. ``--durations`` and JUnit need them.
    """
    for name in _COURSE_OF_A_TEST:
        for implementation in getattr(config.pluginmanager.hook, name).get_hookimpls():
            owner = getattr(implementation.plugin, "__module__", None) or getattr(
                implementation.plugin, "__name__", ""
            )
            if owner not in _LISTENERS_OF_FAILURES:
                return False
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter is not None and reporter.verbosity <= 0 and config.option.durations is None


def count_pass(config: pytest.Config, report: pytest.TestReport) -> None:
    """Do for the report of a pass what pytest's reporter and cache do, without the dot."""
    plugins = config.pluginmanager
    reporter: Any = plugins.get_plugin("terminalreporter")
    reporter._tests_ran = True
    reporter.stats.setdefault("passed", []).append(report)
    cache = plugins.get_plugin("lfplugin")
    if cache is not None:
        cache.lastfailed.pop(report.nodeid, None)


def stand_in_for_reporter(
    config: pytest.Config, logreport: Callable[[pytest.TestReport], None]
) -> Any:
    """Hear of each report in place of pytest's reporter, which is returned, to be told of some.

    Exactly in its place: it decides that a test with failed subtests has failed, after the session
    has counted, and before the cache looks.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for name in _COURSE_OF_A_TEST:
        for implementation in getattr(config.pluginmanager.hook, name).get_hookimpls():
            if implementation.plugin is reporter:
                is_report = name == "pytest_runtest_logreport"
                implementation.function = logreport if is_report else _ignore
    return reporter


def _ignore(*_: object) -> None: ...


class SilentReporter:
    """Stands in for the terminal reporter of a worker: same attributes, no hooks, no output."""

    def __init__(self, reporter: Any, writer: Any) -> None:
        self._reporter = reporter
        reporter._tw = writer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("pytest_"):
            raise AttributeError(name)
        return getattr(self._reporter, name)


def silence(config: pytest.Config) -> None:
    """Keep the terminal reporter, whose attributes and verdicts plugins use, but not its output."""
    plugins = config.pluginmanager
    reporter = plugins.get_plugin("terminalreporter")
    if reporter is None:
        return
    from _pytest.config import create_terminal_writer

    plugins.unregister(reporter)
    sink = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the life of the process
    plugins.register(
        SilentReporter(reporter, create_terminal_writer(config, sink)), "terminalreporter"
    )
