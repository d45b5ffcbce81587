"""What the agent has to say."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.dialogue.answers import OPERATORS, answer
from voice_agent.vocabulary import MOST, WORDS, spell

numbers = st.integers(-MOST, MOST)


@pytest.mark.parametrize(
    ("sentence", "reply"),
    [
        ("hello", "hello"),
        ("two plus three", "five"),
        ("seven minus nineteen", "minus twelve"),
        ("minus two minus minus three", "one"),
        ("twelve times twelve", "one hundred forty four"),
        ("nine hundred times two", "too much"),
        ("count to three", "one two three"),
        ("count to zero", "pardon"),
        ("plus", "pardon"),
        ("much hello", "pardon"),
        ("stop", ""),
        ("", ""),
    ],
)
def test_an_answer(sentence, reply):
    assert " ".join(answer(sentence.split())) == reply


@given(numbers, st.sampled_from(sorted(OPERATORS)), numbers)
def test_every_sum_is_right(left, operator, right):
    result = OPERATORS[operator](left, right)

    said = list(answer([*spell(left), operator, *spell(right)]))

    assert said == (spell(result) if abs(result) <= MOST else ["too", "much"])


@given(st.lists(st.sampled_from(WORDS), max_size=8))
def test_whatever_is_said_the_answer_can_be_said_too(words):
    assert set(islice(answer(words), 50)) <= set(WORDS)


def test_the_first_word_does_not_wait_for_the_last():
    words = answer(["count", "to", "nine", "hundred", "ninety", "nine"])

    assert next(words) == "one"
