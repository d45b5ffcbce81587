"""What may be said, and who is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_platform.chat.words import LONGEST, clean, mentions


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("hello", "hello"),
        ("  hello\n", "hello"),
        ("two\nlines", "two\nlines"),
        ("bell\a and null\0", "bell and null"),
        ("\u202egnorw", "gnorw"),
    ],
)
def test_what_is_kept_of_what_was_typed(typed, kept):
    assert clean(typed) == kept


@pytest.mark.parametrize("typed", ["", "   ", "\n\t", "\0\0"])
def test_nothing_is_not_said(typed):
    with pytest.raises(ValueError, match="say something"):
        clean(typed)


def test_a_message_has_an_end():
    assert clean("x" * LONGEST)
    with pytest.raises(ValueError, match="2000 characters"):
        clean("x" * (LONGEST + 1))


@given(st.text(min_size=1, max_size=100))
def test_what_is_clean_stays_as_it_is(text):
    try:
        kept = clean(text)
    except ValueError:
        return
    assert clean(kept) == kept


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hello all", []),
        ("@bob hello", ["bob"]),
        ("@bob and @ann, @bob!", ["bob", "ann"]),
        ("@carol is not here", []),
        ("mail to x@bob", []),
        ("@@bob", []),
        ("@bobby", []),
    ],
)
def test_who_is_meant(text, meant):
    assert mentions(text, {"ann", "bob"}) == meant
