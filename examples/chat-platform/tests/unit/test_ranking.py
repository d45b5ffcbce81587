"""Which passage answers a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_platform.knowledge.ranking import Passage, is_question, rank, words

SAID = [
    "The deploy is on Thursday at four",
    "Lunch on Thursday is soup",
    "The printer on floor two needs toner",
    "Deploys go through the release branch",
    "Nobody uses the printer on floor three",
]


def passages(*texts):
    return [Passage(number, "ann", text, words(text)) for number, text in enumerate(texts, start=1)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("When is the deploy?", ("deploy",)),
        ("Who has the keys", ("key",)),
        ("policies, glass and buses", ("policy", "glass", "buse")),
        ("status", ("status",)),
        ("Größe 12", ("größe", "12")),
        ("what is it", ()),
    ],
)
def test_the_words_that_say_something(text, found):
    assert words(text) == found


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("When is the deploy?", SAID[3]),
        ("What is for lunch?", SAID[1]),
        ("Which branch do deploys go through?", SAID[3]),
        ("Is the deploy on Thursday?", SAID[0]),
        ("Where does the printer need toner?", SAID[2]),
    ],
)
def test_the_best_answer(question, best):
    assert rank(question, passages(*SAID))[0].text == best


def test_of_two_that_say_as_much_the_newest_comes_first():
    assert [
        each.number for each in rank("soup?", passages("soup on monday", "soup on friday"))
    ] == [
        2,
        1,
    ]


@pytest.mark.parametrize("question", ["holidays?", "what is it?", "?", ""])
def test_nothing_was_said_about_it(question):
    assert rank(question, passages(*SAID)) == []


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=8))
def test_every_answer_shares_a_word_with_the_question(question, texts):
    for each in rank(question, passages(*texts)):
        assert set(each.words) & set(words(question))


@given(st.lists(st.sampled_from(SAID), max_size=8), st.sampled_from(SAID))
def test_the_order_in_which_passages_are_given_does_not_matter(texts, question):
    known = passages(*texts)

    assert rank(question, known) == rank(question, known[::-1])


@pytest.mark.parametrize(("text", "asks"), [("why?", True), ("why? \n", True), ("because", False)])
def test_what_asks_does_not_tell(text, asks):
    assert is_question(text) is asks
