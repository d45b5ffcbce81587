"""Fixtures: there is no public way to ask which definitions of one a test would use."""

import pytest


def is_overridden(request: pytest.FixtureRequest, name: str) -> bool:
    """Whether the project has a fixture of that name in place of ours."""
    definitions = request._fixturemanager.getfixturedefs(name, request.node)
    return definitions is not None and len(definitions) > 1
