"""Who speaks while the agent does is listened to."""

import pytest

from voice_agent.audio import SILENCE
from voice_agent.client import Reply
from voice_agent.synthesiser.voice import speak
from voice_agent.vocabulary import spell

pytestmark = pytest.mark.system

LONG = "count to nine hundred"


@pytest.fixture
def interrupted(speaker):
    """A long answer, of which a part was heard before somebody said a word."""
    speaker.say(LONG)
    reply = Reply()
    while len(reply.frames) < 10:
        speaker.hear(reply)
    speaker.say("two plus three")
    return speaker.reply(reply)


def test_a_word_ends_the_answer(interrupted):
    assert interrupted.end["type"] == "interrupted"


def test_what_it_had_said_is_the_beginning_of_the_answer(interrupted):
    said = [word for each in range(1, 901) for word in spell(each)]

    assert 1 <= len(interrupted.words) < len(said)
    assert interrupted.words == said[: len(interrupted.words)]


def test_the_speaker_is_told_how_far_it_came(interrupted):
    told = interrupted.end["words"]

    assert told[: len(interrupted.words)] == interrupted.words


def test_the_interruption_is_answered(interrupted, speaker):
    assert speaker.reply().words == ["five"]


def test_no_sound_of_the_old_answer_comes_after_that(interrupted, speaker):
    answer = speaker.reply()

    assert b"".join(answer.frames) == b"".join(speak("five"))


def test_stop_ends_the_answer_and_nothing_follows(speaker):
    speaker.say(LONG)
    reply = Reply()
    while speaker.hear(reply) != "frame":
        pass
    speaker.say("stop")

    assert speaker.reply(reply).end["type"] == "interrupted"
    assert speaker.reply().end == {"type": "done", "words": []}


def test_silence_does_not_interrupt(speaker):
    speaker.say("count to four")
    speaker.send([SILENCE] * 100)

    assert speaker.reply().words == spell(1) + spell(2) + spell(3) + spell(4)
