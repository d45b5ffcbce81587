"""Handrail inside pytest.

Idle unless the project has a ``[tool.handrail]`` table or the session was started by
``handrail run``: an idle plugin changes no byte of pytest's output. PYTEST_DONT_REWRITE
"""

import os
from pathlib import Path
from typing import Any

import pytest

if "HANDRAIL_TOLD" in os.environ:
    import handrail.pytest_plugin.telling  # noqa: F401 - before what it is to tell of


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options in a group of their own, with a prefix, without short letters."""
    group = parser.getgroup("handrail", "tiers and limits (handrail)")
    group.addoption(
        "--tier",
        action="append",
        default=[],
        dest="handrail_tiers",
        metavar="NAME",
        help="run the tests of this tier of [tool.handrail]; may be given several times",
    )
    group.addoption(
        "--handrail-allow",
        action="append",
        default=[],
        metavar="GATE",
        help="open a gate of [tool.handrail] that a flag may open",
    )
    group.addoption(
        "--handrail-order",
        default=None,
        metavar="random[:SEED]",
        help="a random order of modules, classes and tests, which its seed repeats",
    )
    group.addoption("--handrail-run", default=None, help="for handrail itself")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose a part to play: a run's controller or worker, the policy alone, or nothing."""
    if config.getoption("handrail_run"):
        from handrail.pytest_plugin.session import join_run

        join_run(config)
        return
    if config.getoption("handrail_order"):
        from handrail.pytest_plugin.ordering import register_asked

        register_asked(config)
    settings = _settings(config)
    if settings is None or not settings.is_configured:
        from handrail.pytest_plugin.internals.terminal import hide_from_header

        if config.getoption("handrail_tiers"):
            raise pytest.UsageError("--tier needs a [tool.handrail] table in pyproject.toml")
        hide_from_header(config)
        return
    from handrail.pytest_plugin.session import guard

    guard(config, settings)


@pytest.fixture
def attach(request: pytest.FixtureRequest) -> Any:
    """Keep a file with the result: ``attach(path)``, or ``attach("page.png", data)``."""
    from handrail.pytest_plugin.attaching import attaching

    return attaching(request)


def _settings(config: pytest.Config) -> Any:
    """The project's settings; None, without importing more, where it has none."""
    path = Path(config.rootpath, "pyproject.toml")
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if b"tool.handrail" not in data and b"handrail" not in data:
        return None
    from handrail.config.loading import load_settings
    from handrail.errors import UserError

    try:
        return load_settings(data.decode("utf-8", "replace"), path=path.name, environ=os.environ)
    except UserError as error:
        raise pytest.UsageError(error.text()) from None
