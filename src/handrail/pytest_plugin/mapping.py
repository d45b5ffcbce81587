"""Writes down which tier each test belongs to: loaded by ``handrail ci`` for a collection, and only there.

Its answer is a file: what pytest prints belongs to whoever reads it.
"""

import json
import os
from pathlib import Path

import pytest

from handrail.core.policy import CI_SKIP
from handrail.pytest_plugin.internals.marks import Expressions
from handrail.pytest_plugin.selection import bond_of
from handrail.wiring import wire

TARGET = "HANDRAIL_MAP"
"""The variable that names the file."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """After all that select or mark tests, and before the barrier, which is registered later."""
    target = os.environ.get(TARGET)
    if not target:
        return
    settings = wire(str(config.rootpath)).settings
    expressions = Expressions({tier.name: tier.select for tier in settings.tiers})
    found = []
    for item in items:
        marks = list(item.iter_markers())
        is_skip = any(mark.name == CI_SKIP for mark in marks)
        found.append([item.nodeid, expressions.matching(marks), bond_of(item), is_skip])
    Path(target).write_text(json.dumps(found), "ascii")
