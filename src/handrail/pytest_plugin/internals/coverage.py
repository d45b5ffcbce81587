"""What pytest-cov measures in a process that was forked."""

from typing import Any

import pytest


def measures(config: pytest.Config) -> bool:
    """Whether pytest-cov measures in this process."""
    return _running(config) is not None


def save(config: pytest.Config) -> None:
    """Write what coverage measured in this worker where pytest-cov combines it at the end.

    pytest-cov's central mode keeps one running ``Coverage``; after a fork it writes to a data file
    of its own name, which ``combine`` of the controller picks up. Without this, all that forked
    workers ran is silently missing.
    """
    coverage = _running(config)
    if coverage is not None:
        coverage.stop()
        coverage.save()


def flush(config: pytest.Config) -> None:
    """Write what was measured so far, so that a worker killed later loses only what came after."""
    coverage = _running(config)
    if coverage is not None:
        coverage.save()


def _running(config: pytest.Config) -> Any:
    plugin = config.pluginmanager.get_plugin("_cov")
    controller = getattr(plugin, "cov_controller", None)
    return getattr(controller, "cov", None)
