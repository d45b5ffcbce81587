"""How soon it answers: ratios within one conversation. Figures are for ``make bench``."""

import time
from statistics import median

import pytest

from voice_agent.audio import FRAME_S
from voice_agent.client import Speaker

pytestmark = pytest.mark.slow


@pytest.fixture
def speaker(services):
    with Speaker.at(services.gateway.url) as speaker:
        yield speaker


def timed(speaker, sentence):
    """How long the first sound of the answer took, and how long the answer took."""
    speaker.say(sentence)
    asked_at = time.monotonic()
    reply = speaker.reply()
    return reply.came_at[0] - asked_at, time.monotonic() - asked_at, reply


def test_the_first_sound_comes_before_the_whole_answer_is_made(speaker):
    first_s, whole_s, _ = timed(speaker, "count to twenty")

    assert first_s < whole_s / 2


def test_a_long_answer_begins_as_soon_as_a_short_one(speaker):
    short = median(timed(speaker, "count to one")[0] for _ in range(5))
    long = median(timed(speaker, "count to eighteen")[0] for _ in range(5))

    assert long < 5 * short


def test_frames_come_as_fast_as_they_are_heard(speaker):
    _, _, reply = timed(speaker, "count to twenty")

    took_s = reply.came_at[-1] - reply.came_at[0]

    assert took_s > 0.9 * FRAME_S * (len(reply.frames) - 1)
