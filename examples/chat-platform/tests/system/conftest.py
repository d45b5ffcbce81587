"""All five services, the worker's own, on a database that is emptied after each test."""

from contextlib import ExitStack

import pytest

from people import arrives


@pytest.fixture
def gateway_url(postgres, services):
    return services.gateway.url


@pytest.fixture
def person(gateway_url):
    """Somebody arrives; gone after the test."""
    with ExitStack() as leaving:

        def person(name, *, is_new=True):
            return leaving.enter_context(arrives(gateway_url, name, is_new=is_new))

        yield person


@pytest.fixture
def ann(person):
    ann = person("ann")
    ann.joins("kitchen")
    return ann


@pytest.fixture
def bob(person, ann):
    bob = person("bob")
    bob.joins("kitchen")
    return bob
