"""Whatever comes in, the answer is never a failure of ours: it is taken or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.integration

# A few letters, and what databases, encodings and templates stumble over: NUL, half a surrogate pair.
text = st.text("aZ0 %_\\'\"<\0\n\x1b\ud800\u202eßé漢😀\ufeff", max_size=100)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text
anything = st.recursive(
    scalars,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(text, each, max_size=3),
    max_leaves=8,
)


def body(value):
    """As sloppy senders write it: NaN and lone surrogates included."""
    return {"content": json.dumps(value).encode(), "headers": {"content-type": "application/json"}}


def test_of_entities(client, home):
    @given(
        name=text | anything,
        kind=st.sampled_from(["person", "pet"]) | anything,
        note=text | anything,
    )
    def check(**sent):
        assert client.post("/api/entities", **body(sent)).status_code in {201, 409, 422}

    check()


def test_of_events(client, zones):
    @given(details=anything, note=text, confidence=st.floats())
    def check(**sent):
        event = {"zone_id": zones["Hall"].id, "kind": "motion", **sent}
        assert client.post("/api/events", **body(event)).status_code in {201, 422}

    check()


def test_of_settings(client, home):
    @given(anything, anything)
    def check(name, days):
        sent = {"name": name, "retention_days": days, "exit_delay_s": 0}
        assert client.put("/api/settings", **body(sent)).status_code in {200, 422}

    check()


def test_of_questions(client, home):
    @given(text.filter(lambda value: "\ud800" not in value))
    def check(value):
        for path in ("/api/events", "/api/audit", "/api/alerts", "/api/entities", "/api/timeline"):
            query = dict.fromkeys(("text", "action", "status", "kind", "day"), value)
            assert client.get(path, params=query).status_code in {200, 422}

    check()


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"a": "x\0y"}, "a text has a NUL character"),
        ({"a": float("nan")}, "not JSON"),
        ({"a": "\ud800"}, "not JSON"),
        ({"a": "x" * 4096}, "more than 4096 bytes"),
    ],
    ids=["NUL", "NaN", "half a character", "too long"],
)
def test_of_details_it_is_said_what_is_wrong(details, said, client, zones):
    event = {"zone_id": zones["Hall"].id, "kind": "motion", "details": details}

    response = client.post("/api/events", **body(event))

    assert response.status_code == 422
    assert said in response.json()["detail"][0]["msg"]
