"""A place to run projects in, for each test."""

from pathlib import Path

import pytest
from parity_lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)
