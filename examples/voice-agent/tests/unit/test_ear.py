"""What is said is heard: wherever frames begin, quietly, with noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.audio import BYTES, SAMPLES, SILENCE, Framer
from voice_agent.recogniser.ear import Ear, tones
from voice_agent.synthesiser.voice import UnknownWordError, say, speak
from voice_agent.vocabulary import GAP_FRAMES, PAUSE_FRAMES, TONES, WORD_FRAMES, WORDS
from voice_agent.wire import PAUSE

sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6)


def heard(frames):
    ear = Ear()
    return [word for frame in frames if (word := ear.hear(frame))]


def changed(frames, change):
    """The same sound, with something done to its samples."""
    samples = np.frombuffer(b"".join(frames), dtype="<i2").astype(np.float64)
    return Framer().push(change(samples).clip(-32767, 32767).astype("<i2").tobytes())


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_heard_as_itself(word):
    assert heard(say([word])) == [word, PAUSE]


@given(sentences)
def test_a_sentence_is_heard_as_it_was_said(words):
    assert heard(say(words)) == [*words, PAUSE]


@given(sentences, st.integers(0, SAMPLES - 1))
def test_words_need_not_begin_where_frames_do(words, late):
    sound = bytes(2 * late) + b"".join(say(words)) + SILENCE

    assert heard(Framer().push(sound)) == [*words, PAUSE]


@given(sentences, st.integers(0, 2**32 - 1))
def test_noise_does_not_matter_as_long_as_the_voice_is_louder(words, seed):
    noise = np.random.default_rng(seed)

    noisy = changed(say(words), lambda sound: sound + noise.normal(0, 200, len(sound)))

    assert heard(noisy) == [*words, PAUSE]


@given(sentences, st.floats(0.1, 2.0))
def test_it_does_not_matter_how_loud_somebody_speaks(words, loudness):
    assert heard(changed(say(words), lambda sound: sound * loudness)) == [*words, PAUSE]


@given(st.integers(0, 2**32 - 1))
def test_noise_alone_says_nothing(seed):
    loud = np.random.default_rng(seed).normal(0, 8000, 20 * SAMPLES).clip(-32767, 32767)

    assert heard(Framer().push(loud.astype("<i2").tobytes()) + [SILENCE] * 20) == []


def test_silence_is_no_sentence():
    assert heard([SILENCE] * 100) == []


def test_a_click_is_no_word():
    assert heard([*list(speak("two"))[:2], *[SILENCE] * 20]) == []


def test_a_sentence_ends_once():
    assert heard(say(["two"]) + [SILENCE] * 50) == ["two", PAUSE]


def test_a_pause_that_is_too_short_ends_nothing():
    two, three = list(speak("two")), list(speak("three"))
    short = [SILENCE] * (PAUSE_FRAMES - GAP_FRAMES - 1)

    assert heard(two + short + three) == ["two", "three"]


def test_a_word_is_known_before_the_next_one_begins():
    assert heard(speak("two")) == ["two"]


def test_the_tones_of_a_frame_are_those_of_its_word():
    assert {tones(frame) for frame in list(speak("seven"))[:WORD_FRAMES]} == {TONES["seven"]}


def test_one_tone_alone_is_no_word():
    time = np.arange(SAMPLES) / 16_000
    whistle = (8000 * np.sin(2 * np.pi * 950 * time)).astype("<i2").tobytes()

    assert tones(whistle) is None


def test_frames_of_a_word_are_whole():
    frames = list(speak("hello"))

    assert len(frames) == WORD_FRAMES + GAP_FRAMES
    assert {len(frame) for frame in frames} == {BYTES}


def test_nobody_knows_how_to_say_a_word_that_there_is_not():
    with pytest.raises(UnknownWordError, match="nobody knows how to say 'supercilious'"):
        list(speak("supercilious"))
