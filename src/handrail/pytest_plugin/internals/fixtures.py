"""Fixtures: there is no public way to ask which definitions of one a test would use."""

from typing import Any

import pytest


def is_overridden(request: pytest.FixtureRequest, name: str) -> bool:
    """Whether the project has a fixture of that name in place of ours."""
    definitions = request._fixturemanager.getfixturedefs(name, request.node)
    return definitions is not None and len(definitions) > 1


def has_fixture(item: pytest.Item, name: str) -> bool:
    """Whether a fixture of that name is known where the test is."""
    return bool(item.session._fixturemanager.getfixturedefs(name, item))


def fixture_value(item: pytest.Item, name: str) -> Any:
    """A fixture that the test did not ask for by its arguments: what ``request`` does, from outside.

    Raises: UsageError where the item is no function.
    """
    request = getattr(item, "_request", None)
    if request is None:
        raise pytest.UsageError(f"{item.nodeid}: only a test function can have the fixture {name}")
    return request.getfixturevalue(name)
