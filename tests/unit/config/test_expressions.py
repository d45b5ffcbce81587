"""What counts as an expression of ``pytest -m``: exactly what pytest itself accepts."""

import pytest
from _pytest.mark.expression import Expression
from hypothesis import example, given
from hypothesis import strategies as st

from handrail.config.expressions import ExpressionError, check_expression

TOKENS = st.sampled_from(
    [
        "slow",
        "a:b[1]-x/y\\z.w+",
        "and",
        "or",
        "not",
        "(",
        ")",
        "=",
        ",",
        "1",
        "-2",
        "None",
        "True",
        '"text"',
        "'text'",
        "'un",
        '"a\\b"',
        "class",
        " ",
        "\t",
        "é",
        "&",
        "1.5",
        "x",
    ]
)


def accepts(expression: str) -> bool:
    try:
        check_expression(expression)
    except ExpressionError:
        return False
    return True


def pytest_accepts(expression: str) -> bool:
    try:
        Expression.compile(expression)
    except (SyntaxError, ValueError):
        return False
    return True


@given(st.lists(TOKENS, max_size=12).map(" ".join))
@example("mark(a=1, b='x', c=None) and not (x or y)")
@example("mark(a=1, a=2)")
@example("mark()")
@example("mark(a=)")
@example("a b")
@example("not")
@example("()")
@example("")
def test_exactly_what_pytest_accepts_is_accepted(expression: str) -> None:
    assert accepts(expression) == pytest_accepts(expression)


@given(st.text("ab ()=,'\"\\&not", max_size=12))
def test_no_text_is_judged_otherwise_than_pytest_does(expression: str) -> None:
    assert accepts(expression) == pytest_accepts(expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("slow and", "expected a marker at column 9; got the end"),
        ("slow fast", "expected the end at column 6; got fast"),
        ("(slow", "expected ) at column 6; got the end"),
        ("slow & fast", "unexpected & at column 6"),
        ("m(a)", "expected = at column 4; got )"),
        (
            "m(a=x)",
            "expected a string, a whole number, True, False or None at column 5; got x",
        ),
        ("m(class=1)", "class cannot name an argument at column 3"),
        ("m(a='\\n')", "a backslash inside the string at column 5"),
    ],
)
def test_the_message_says_what_was_expected_and_at_which_column(
    expression: str, message: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        check_expression(expression)

    assert str(caught.value) == message
