"""A pytest plugin, loaded with ``-p``: writes down what the session's reports and warnings said.

It reads the terminal reporter's statistics at the end, so that it has no hook that would keep
Handrail from collecting in workers, or from its short way for plain passes.
"""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    found = yield
    if hasattr(session.config, "workerinput"):
        return found
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    record = {
        "reports": [
            _described(category, each)
            for category, reports in reporter.stats.items()
            if category not in {"", "warnings", "deselected"}
            for each in reports
        ],
        "deselected": len(reporter.stats.get("deselected", ())),
        "warnings": [
            [each.nodeid or "", str(each.message)] for each in reporter.stats.get("warnings", ())
        ],
        "testsfailed": session.testsfailed,
        "testscollected": session.testscollected,
        "exitstatus": int(session.exitstatus),
    }
    Path(os.environ["PARITY_RECORD"]).write_text(json.dumps(record), "utf-8")
    return found


def _described(category: str, report: Any) -> dict[str, Any]:
    return {
        "category": category,
        "nodeid": report.nodeid,
        "when": getattr(report, "when", "collect"),
        "outcome": report.outcome,
        "longrepr": _text(report.longrepr),
        "sections": [list(each) for each in report.sections],
        "properties": [[key, str(value)] for key, value in getattr(report, "user_properties", ())],
        "wasxfail": str(getattr(report, "wasxfail", "")),
        "location": [str(each) for each in getattr(report, "location", ())],
        "keywords": sorted(getattr(report, "keywords", ())),
    }


def _text(longrepr: Any) -> str:
    if isinstance(longrepr, tuple):
        return repr(longrepr)
    return "" if longrepr is None else str(longrepr)
