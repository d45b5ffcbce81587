"""``--keep-services``: what a failed test has left in its database is there to be looked at."""

from collections.abc import Generator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from handrail.pytest_plugin.services.providing import Providing
from handrail.runs.naming import new_run_id
from handrail.services.handles import Postgres
from handrail.services.postgres_wire import PostgresError

TITLE = "kept"
"""Of the section of a report that says how to get at it."""


class Keeping:
    """A pytest plugin: copies the data of a failed test's server, as it is at that moment."""

    def __init__(self, providing: Providing, base: Path) -> None:
        self._providing = providing
        self._base = base

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Keep it, and say with which command to see it."""
        report = yield
        if report.failed and report.when == "call":
            found = (getattr(item, "funcargs", None) or {}).get("postgres")
            if isinstance(found, Postgres):
                report.sections.append((TITLE, self._keep(item.nodeid, found)))
        return report

    def _keep(self, test: str, found: Postgres) -> str:
        taken = [each.name for each in self._base.glob("*")]
        name = new_run_id(taken, Random())
        try:
            self._providing.postgres.keep(found.url, self._base, name, test)
        except (OSError, PostgresError, LookupError) as error:
            return f"the database cannot be kept: {error}"
        return f"database {found.name}: handrail services up --kept {name}"
