"""Who speaks faster than the recogniser understands must wait; nothing is lost, nothing piles up."""

import threading

import pytest

from calls import listened_to_by
from processes import started
from voice_agent.gateway.session import BACKLOG
from voice_agent.synthesiser.voice import say
from voice_agent.vocabulary import SMALL

pytestmark = pytest.mark.system


def test_a_minute_of_speech_in_one_go_is_understood_to_the_last_word(speaker, counts):
    words = [SMALL[number % len(SMALL)] for number in range(400)]

    speaker.say(" ".join(words))

    assert speaker.reply().told("heard") == [{"type": "heard", "words": words}]


def test_the_backlog_is_never_longer_than_it_may_be(speaker, counts):
    speaker.say(" ".join(SMALL * 20))
    speaker.reply()

    assert 0 < counts()["backlog_most"] <= BACKLOG


def test_while_a_recogniser_does_nothing_its_speaker_waits(url, counts, redis):
    words = SMALL * 20
    with started("recogniser", redis.url) as slow, listened_to_by(slow, url) as speaker:
        before = counts()["frames_in"]
        slow.freeze()
        speaking = threading.Thread(target=speaker.say, args=[" ".join(words)])
        speaking.start()
        while counts()["backlog_most"] < BACKLOG:  # handrail bounds it
            pass

        taken = counts()["frames_in"] - before
        slow.thaw()
        reply = speaker.reply()
        speaking.join()

    assert taken < len(say(words))
    assert reply.told("heard") == [{"type": "heard", "words": words}]
