"""The synthesiser, in a process of its own."""

import pytest

import grpc
from voice_agent.recogniser.ear import Ear
from voice_agent.synthesiser.voice import speak
from voice_agent.wire import SPEAK

pytestmark = pytest.mark.grpc


def test_its_voice_is_the_one_that_the_recogniser_knows(synthesiser):
    ear = Ear()

    heard = [ear.hear(frame) for frame in SPEAK.on(synthesiser)("seven")]

    assert [each for each in heard if each] == ["seven"]


def test_a_word_sounds_the_same_each_time(synthesiser):
    assert list(SPEAK.on(synthesiser)("hello")) == list(speak("hello"))


def test_a_word_that_it_does_not_know_is_the_callers_mistake(synthesiser):
    with pytest.raises(grpc.RpcError) as raised:
        list(SPEAK.on(synthesiser)("supercilious"))

    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert raised.value.details() == "nobody knows how to say 'supercilious'"
