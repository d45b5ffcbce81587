"""A pytest plugin that writes down what plain pytest counted, for comparisons.

``pytest -p bench_recorder`` with this folder on ``PYTHONPATH`` writes one JSON object to the file
that ``BENCH_RECORD`` names. It reads the terminal reporter's own statistics, so what is compared is
what pytest's last line says.
"""

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

RECORD = "BENCH_RECORD"


class Recorder:
    """Collects the phases of every test; at the end adds pytest's counting and writes it all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._phases: dict[str, list[tuple[str, str]]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._phases[report.nodeid].append((report.when, report.outcome))

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        tests: dict[str, Counter[str]] = {node: Counter() for node in self._phases}
        collection: dict[str, str] = {}
        for category, reports in terminalreporter.stats.items():
            for report in reports:
                if category and isinstance(report, pytest.TestReport):
                    tests[report.nodeid][category] += 1
                elif isinstance(report, pytest.CollectReport):
                    collection[report.nodeid] = report.outcome
        record = {
            "tests": tests,
            "phases": self._phases,
            "collection": collection,
            "warnings": len(terminalreporter.stats.get("warnings", ())),
            "deselected": len(terminalreporter.stats.get("deselected", ())),
            "exit": int(exitstatus),
        }
        self._path.write_text(json.dumps(record))


def pytest_configure(config: pytest.Config) -> None:
    """Record only in the process whose terminal reporter counts: not in xdist's workers."""
    path = os.environ.pop(RECORD, None)
    if path is not None:
        config.pluginmanager.register(Recorder(Path(path)))
