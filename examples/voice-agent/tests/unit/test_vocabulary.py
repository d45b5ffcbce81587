"""Numbers as words, words as tones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.vocabulary import BY_TONES, MOST, TONES, WORDS, number, spell


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "zero"),
        (17, "seventeen"),
        (40, "forty"),
        (99, "ninety nine"),
        (100, "one hundred"),
        (612, "six hundred twelve"),
        (999, "nine hundred ninety nine"),
        (-8, "minus eight"),
    ],
)
def test_a_number_as_it_is_said(value, words):
    assert " ".join(spell(value)) == words


@given(st.integers(-MOST, MOST))
def test_a_number_that_is_said_is_understood(value):
    assert number(spell(value)) == value


@pytest.mark.parametrize("value", [MOST + 1, -MOST - 1])
def test_there_is_no_word_for_a_thousand(value):
    with pytest.raises(ValueError, match=f"no words for {value}"):
        spell(value)


@pytest.mark.parametrize(
    "words", ["", "minus", "hello", "two three", "twenty zero", "one hundred zero"]
)
def test_what_is_no_number(words):
    assert number(words.split()) is None


def test_every_word_has_two_tones_of_its_own():
    assert set(TONES) == set(WORDS)
    assert len(BY_TONES) == len(WORDS)
