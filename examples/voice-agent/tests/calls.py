"""Calls with a recogniser of the test's choice."""

import contextlib
from collections.abc import Iterator

from processes import Started
from voice_agent.client import Speaker


@contextlib.contextmanager
def listened_to_by(recogniser: Started, url: str) -> Iterator[Speaker]:
    """Call until it is this one that listens: the gateway takes them in turn."""
    while True:  # handrail bounds it
        with Speaker.at(url) as speaker:
            if speaker.recogniser == recogniser.address:
                yield speaker
                return
