"""What travels between services comes out as it went in."""

from hypothesis import given
from hypothesis import strategies as st

from voice_agent.vocabulary import WORDS
from voice_agent.wire import ANSWER, METHODS, PAUSE, SPEAK, Heard


@given(st.sampled_from([*WORDS, PAUSE]), st.integers(0, 10**9))
def test_what_was_heard_comes_out_as_it_went_in(word, frames):
    assert Heard.decoded(Heard(word, frames).encoded()) == Heard(word, frames)


def test_every_service_has_one_method():
    assert [method.kind for method in METHODS] == ["recogniser", "dialogue", "synthesiser"]


@given(st.sampled_from(WORDS))
def test_a_word_comes_out_as_it_went_in(word):
    assert ANSWER.decode[0](ANSWER.encode[0](word)) == word
    assert SPEAK.decode[0](SPEAK.encode[0](word)) == word
