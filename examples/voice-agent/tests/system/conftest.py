"""The whole pipeline, and somebody who talks with it."""

import json
import urllib.request

import pytest


@pytest.fixture
def url(services):
    """The gateway; what it needs is there before it."""
    return services.gateway.url


@pytest.fixture
def speaker(url):
    """Somebody who has just called."""
    # Here, not above: it brings numpy, which starts a thread, and workers are forked from a
    # process without threads.
    from voice_agent.client import Speaker

    with Speaker.at(url) as speaker:
        yield speaker


@pytest.fixture
def counts(url):
    """What the gateway has counted so far."""

    def read():
        with urllib.request.urlopen(f"{url}/health", timeout=30) as answer:
            return json.load(answer)

    return read
