"""Reports of tests on their way from a worker to the controller."""

from typing import Any

import pytest
from _pytest._code.code import TerminalRepr

TEXT_KEY = "_handrail_text"
SUBTESTS_KEY = "_handrail_failed_subtests"


class TextRepr(TerminalRepr):
    """A failure that was an object without a crash line (a doctest, an import error) in its worker.

    Serialised it becomes a string, which pytest would repeat in its short summary.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def toterminal(self, tw: Any) -> None:
        """As the object did."""
        tw.line(self._text)


def pack(config: pytest.Config, report: Any) -> dict[str, Any]:
    """A report as builtins."""
    data: dict[str, Any] = config.hook.pytest_report_to_serializable(config=config, report=report)
    longrepr = report.longrepr
    if isinstance(data.get("longrepr"), str) and not isinstance(longrepr, str):
        data[TEXT_KEY] = True
    counts = _failed_subtests(config)
    if counts is not None and getattr(report, "when", "") == "call":
        data[SUBTESTS_KEY] = counts.get(getattr(report, "id", report.nodeid), 0)
    return data


def unpack(config: pytest.Config, data: dict[str, Any]) -> Any:
    """The report again, as pytest would have had it in one process."""
    is_text = data.pop(TEXT_KEY, False)
    failed_subtests = data.pop(SUBTESTS_KEY, 0)
    context = data.get("_subtest.context")
    report: Any = config.hook.pytest_report_from_serializable(config=config, data=data)
    if is_text:
        report.longrepr = TextRepr(report.longrepr)
    counts = _failed_subtests(config)
    if counts is not None and failed_subtests:
        # What decides, when the test itself is reported, that it has failed.
        counts[getattr(report, "id", report.nodeid)] = failed_subtests
    if context is not None and hasattr(report, "context"):
        # Its constructor takes the ``repr`` of every value, which these are already.
        object.__setattr__(report.context, "kwargs", context["kwargs"])
    return report


def excuse(report: Any) -> None:
    """A test in quarantine failed: pytest and its plugins count it as an expected failure."""
    if report.outcome == "failed":
        report.outcome = "skipped"
        report.wasxfail = "in quarantine"


def forget_failed_subtests(config: pytest.Config, nodeid: str) -> None:
    """The test is tried again: subtests of the attempt before do not count."""
    counts = _failed_subtests(config)
    if counts is not None:
        counts.pop(nodeid, None)


def _failed_subtests(config: pytest.Config) -> Any:
    """Pytest 9's count of failed subtests by test; None before."""
    try:
        from _pytest.subtests import failed_subtests_key
    except ImportError:
        return None
    return config.stash.get(failed_subtests_key, None)
