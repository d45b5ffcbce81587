"""One service at a time: a channel to it."""

import pytest

import grpc


def channel_to(url):
    """A channel to a service that Handrail started."""
    return grpc.insecure_channel(url.removeprefix("http://"))


@pytest.fixture
def recogniser(services):
    with channel_to(services.recogniser.url) as channel:
        yield channel


@pytest.fixture
def dialogue(services):
    with channel_to(services.dialogue.url) as channel:
        yield channel


@pytest.fixture
def synthesiser(services):
    with channel_to(services.synthesiser.url) as channel:
        yield channel
