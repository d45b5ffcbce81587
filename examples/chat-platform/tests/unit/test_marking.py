"""How what people typed becomes HTML."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_platform.web.marking import reason, with_mentions


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("hello", "hello"),
        ("@bob hello", "<b>@bob</b> hello"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<b>@bob</b>", "&lt;b&gt;<b>@bob</b>&lt;/b&gt;"),
        ("@carol", "@carol"),
    ],
)
def test_who_is_meant_is_bold_and_nothing_else_is_a_tag(text, marked):
    assert with_mentions(text, ["bob"]) == marked


@given(st.text(alphabet="<>&@bo\"' ", max_size=40))
def test_what_is_shown_is_what_was_typed(text):
    shown = re.sub(r"</?b>", "", with_mentions(text, ["bob"]))

    assert "<" not in shown
    assert html.unescape(shown) == text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"detail": "ann is taken"}, "ann is taken"),
        ({}, "something went wrong"),
        (
            {"detail": [{"loc": ["body", "name"]}, {"loc": ["body", "password"]}]},
            "please look again at: name, password",
        ),
    ],
)
def test_why_not(body, why):
    assert reason(body) == why
