"""The recogniser, in a process of its own."""

import queue

import pytest

from voice_agent.audio import SILENCE
from voice_agent.synthesiser.voice import say, speak
from voice_agent.wire import LISTEN, PAUSE, Heard

pytestmark = pytest.mark.grpc


def test_it_tells_words_and_the_end_of_the_sentence(recogniser):
    heard = LISTEN.on(recogniser)(iter(say(["two", "plus", "three"])))

    assert [each.word for each in heard] == ["two", "plus", "three", PAUSE]


def test_a_word_is_told_while_somebody_still_speaks(recogniser):
    frames = queue.Queue()
    heard = LISTEN.on(recogniser)(iter(frames.get, None))
    for frame in speak("two"):
        frames.put(frame)

    first = next(heard)
    frames.put(None)

    assert first.word == "two"
    assert list(heard) == []


def test_it_tells_after_how_many_frames_it_knew(recogniser):
    frames = [SILENCE] * 7 + say(["two"])

    word, pause = LISTEN.on(recogniser)(iter(frames))

    assert word == Heard("two", 7 + 6)
    assert 7 + 6 < pause.frames <= len(frames)


def test_speakers_do_not_hear_each_other(recogniser):
    one = LISTEN.on(recogniser)(iter(say(["one"] * 20)))
    two = LISTEN.on(recogniser)(iter(say(["two"] * 20)))

    assert {each.word for each in one} == {"one", PAUSE}
    assert {each.word for each in two} == {"two", PAUSE}


def test_who_says_nothing_is_told_nothing(recogniser):
    assert list(LISTEN.on(recogniser)(iter([]))) == []
