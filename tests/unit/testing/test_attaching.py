"""The type of ``attach`` is what the fixture gives."""

import inspect

import pytest

from handrail.pytest_plugin.attaching import attaching
from handrail.testing.attaching import Attach


def test_the_type_has_the_parameters_of_the_fixture(request: pytest.FixtureRequest) -> None:
    given = inspect.signature(attaching(request))
    told = inspect.signature(Attach.__call__)

    assert list(given.parameters.values()) == list(told.parameters.values())[1:]
    assert given.return_annotation == told.return_annotation
