"""Marks what starts real runs, by its folder; makes property tests draw the same examples each time."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# HANDRAIL_FUZZ=1 looks for new examples; what it finds becomes an @example.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("fuzz", deadline=None, max_examples=1000)
settings.load_profile("fuzz" if os.environ.get("HANDRAIL_FUZZ") else "same")

HERE = Path(__file__).parent
STARTS_RUNS = (HERE / "end_to_end", HERE / "docs")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Everything below these folders belongs to the tier ``end-to-end``."""
    if any(item.path.is_relative_to(folder) for folder in STARTS_RUNS):
        item.add_marker(pytest.mark.end_to_end)
