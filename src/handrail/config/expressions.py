"""Check that a text is an expression that ``pytest -m`` accepts. Nothing is evaluated.

Source: the grammar in pytest's ``_pytest/mark/expression.py``, 8.3 and later. It is checked here and
not there, because settings are read where pytest must not be imported.
"""

import keyword
import re

from handrail.frozen import dataclass

_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)|(?P<mark>[()=,])|(?P<string>"[^"]*"|'[^']*')|(?P<word>[\w:+\-.\[\]\\/]+)"""
)
_NUMBER = re.compile(r"-?\d+")
_CONSTANTS = frozenset({"True", "False", "None"})
_OPERATORS = frozenset({"and", "or", "not"})


class ExpressionError(ValueError):
    """The text is not an expression; the message says why, and at which column (from 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    """``ident``, ``string``, ``end``, or the word or mark itself: ``and``, ``(``, ..."""
    text: str
    column: int


def check_expression(expression: str) -> None:
    """Return if ``pytest -m`` accepts the expression; the empty one selects every test.

    Raises: ExpressionError.
    """
    tokens = _tokens(expression)
    if len(tokens) > 1:
        end = _disjunction(tokens, 0)
        _expect(tokens, end, "end")


def _tokens(expression: str) -> list[_Token]:
    tokens = []
    at = 0
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if found is None:
            raise ExpressionError(f"unexpected {expression[at]} at column {at + 1}")
        text = found[0]
        if found.lastgroup == "string" and "\\" in text:
            raise ExpressionError(f"a backslash inside the string at column {at + 1}")
        if found.lastgroup != "blank":
            is_symbol = found.lastgroup == "mark" or text in _OPERATORS
            kind = text if is_symbol else {"word": "ident"}.get(str(found.lastgroup), "string")
            tokens.append(_Token(kind=kind, text=text, column=at + 1))
        at = found.end()
    return [*tokens, _Token(kind="end", text="the end", column=at + 1)]


def _disjunction(tokens: list[_Token], at: int) -> int:
    at = _negation(tokens, at)
    while tokens[at].kind in {"and", "or"}:
        at = _negation(tokens, at + 1)
    return at


def _negation(tokens: list[_Token], at: int) -> int:
    while tokens[at].kind == "not":
        at += 1
    if tokens[at].kind == "(":
        return _expect(tokens, _disjunction(tokens, at + 1), ")")
    at = _expect(tokens, at, "ident")
    if tokens[at].kind == "(":
        return _expect(tokens, _arguments(tokens, at + 1), ")")
    return at


def _arguments(tokens: list[_Token], at: int) -> int:
    seen: set[str] = set()
    while True:
        name = tokens[at]
        at = _expect(tokens, at, "ident")
        if not name.text.isidentifier() or keyword.iskeyword(name.text) or name.text in seen:
            raise ExpressionError(f"{name.text} cannot name an argument at column {name.column}")
        seen.add(name.text)
        at = _expect(tokens, at, "=")
        value = tokens[at]
        if (
            value.kind != "string"
            and not _NUMBER.fullmatch(value.text)
            and value.text not in _CONSTANTS
        ):
            raise ExpressionError(
                f"expected a string, a whole number, True, False or None at column {value.column}; "
                f"got {value.text}"
            )
        at += 1
        if tokens[at].kind != ",":
            return at
        at += 1


_SHOWN = {"ident": "a marker", "end": "the end", ")": ")", "=": "="}


def _expect(tokens: list[_Token], at: int, kind: str) -> int:
    token = tokens[at]
    if token.kind != kind:
        raise ExpressionError(f"expected {_SHOWN[kind]} at column {token.column}; got {token.text}")
    return at + 1
