"""pytest's fixtures: how long those live that an item uses, and whose definition a test would use."""

import unittest
from typing import Any

import pytest

_UNITTESTS_OWN = ("_unittest_setUpClass_fixture_", "_unittest_skip_fixture_")


def scopes_of_fixtures(item: pytest.Item) -> frozenset[str]:
    """Scopes of the fixtures that the item is known to use. There is no public way to ask.

    What pytest makes of a ``TestCase`` that has no ``setUpClass`` of its own is not counted.
    """
    found = getattr(item, "_fixtureinfo", None)
    if found is None:
        return frozenset()
    return frozenset(
        each.scope
        for name, definitions in found.name2fixturedefs.items()
        for each in definitions
        if not (name.startswith(_UNITTESTS_OWN) and _has_plain_class(item))
    )


def wide_parameters(item: pytest.Item) -> tuple[str, str]:
    """Parameters of the item's fixtures that outlive a test: of its module or more, and of its class.

    pytest puts tests with the same one next to each other; there is no public way to ask.
    """
    found = getattr(item, "callspec", None)
    if found is None:
        return "", ""
    outer, inner = [], []
    for name, scope in found._arg2scope.items():
        if scope.value == "class":
            inner.append(f"{name}={found.indices.get(name)}")
        elif scope.value != "function":
            outer.append(f"{name}={found.indices.get(name)}")
    return " ".join(outer), " ".join(inner)


def _has_plain_class(item: pytest.Item) -> bool:
    """Whether nothing happens before the first and after the last test of its ``TestCase``."""
    case = getattr(item, "cls", None)
    return all(
        getattr(getattr(case, name, None), "__func__", None)
        is getattr(unittest.TestCase, name).__func__
        for name in ("setUpClass", "tearDownClass")
    )


def is_overridden(request: pytest.FixtureRequest, name: str) -> bool:
    """Whether the project has a fixture of that name in place of ours. There is no public way to ask."""
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
