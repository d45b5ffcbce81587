"""Long answers are made short, stay JSON, and say what was left out."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.mcp.bounding import bounded

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_what_is_short_enough_comes_as_it_is() -> None:
    text = '{\n  "a": [1,2]\n}'

    assert bounded(text, len(text)) == (text, "")


def test_the_ends_of_lists_and_texts_are_left_out_and_counted() -> None:
    document = {"run_id": "k3m4", "failures": [{"tests": ["a"] * 30}] * 60, "log": "x" * 9000}

    text, omitted = bounded(json.dumps(document), 8000)

    short = json.loads(text)
    assert len(text) <= 8000
    assert short["run_id"] == "k3m4"
    assert len(short["failures"]) == 20
    assert short["log"] == "x" * 1000 + "..."
    assert omitted == "40 of failures; 200 of failures[].tests; 8000 of the characters of log"


def test_a_list_of_documents_is_shortened_inside() -> None:
    text, omitted = bounded(json.dumps([{"output": "x" * 300}] * 2), 400)

    assert json.loads(text) == [{"output": "x" * 100 + "..."}]
    assert omitted == "1 of the list; 200 of the characters of [].output"


def test_what_cannot_be_made_short_is_left_out() -> None:
    assert bounded(json.dumps(dict.fromkeys(map(str, range(100)), 0)), 100) == ("{}", "everything")


@settings(max_examples=30)
@given(documents, st.integers(2, 400))
def test_it_is_json_within_the_limit_or_says_so(document: object, limit_bytes: int) -> None:
    text, omitted = bounded(json.dumps(document), limit_bytes)

    assert len(text) <= limit_bytes
    assert bool(omitted) == (json.loads(text) != document)
