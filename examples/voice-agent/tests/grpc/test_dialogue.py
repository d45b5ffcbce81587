"""The dialogue, in a process of its own."""

import pytest

import grpc
from voice_agent.vocabulary import spell
from voice_agent.wire import ANSWER

pytestmark = pytest.mark.grpc


@pytest.mark.parametrize(
    ("sentence", "reply"),
    [("two plus three", ["five"]), ("count to three", ["one", "two", "three"]), ("stop", [])],
)
def test_it_answers_word_by_word(dialogue, sentence, reply):
    assert list(ANSWER.on(dialogue)(sentence)) == reply


def test_a_long_answer_can_be_left(dialogue):
    words = ANSWER.on(dialogue)("count to nine hundred ninety nine")

    assert next(words) == "one"
    words.cancel()
    with pytest.raises(grpc.RpcError):
        list(words)


def test_a_long_answer_is_whole(dialogue):
    words = list(ANSWER.on(dialogue)("count to nine hundred ninety nine"))

    assert words[-4:] == spell(999)
    assert words == [word for each in range(1, 1000) for word in spell(each)]


def test_it_has_no_other_method(dialogue):
    missing = dialogue.unary_unary("/dialogue/Shout")

    with pytest.raises(grpc.RpcError) as raised:
        missing(b"")

    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
