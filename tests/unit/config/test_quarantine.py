"""The quarantine file: what it means, what is said when it is wrong, and how it is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.config.problems import ConfigError
from handrail.config.quarantine import added, parse, without
from handrail.errors import ExitCode
from handrail.model.quarantine import Quarantined

ENTRY = Quarantined(
    test="t.py::a", reason="it is slow", owner="jo", since="2026-11-01", expires="2026-11-21"
)
WHOLE = """\
# a comment of ours

[[quarantine]]
test = "t.py::a"  # and one here
reason = "it is slow"
owner = "jo"
since = 2026-11-01
expires = "2026-11-21"
"""


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, today="2026-11-21")
    assert caught.value.exit_code is ExitCode.CONFIG_ERROR
    return caught.value.text()


def test_every_key_arrives() -> None:
    assert parse(WHOLE, today="2026-11-21") == (ENTRY,)


@pytest.mark.parametrize(("today", "is_expired"), [("2026-11-21", False), ("2026-11-22", True)])
def test_it_is_over_on_the_day_after(today: str, is_expired: bool) -> None:
    (entry,) = parse(WHOLE, today=today)

    assert entry.is_expired is is_expired


def test_all_that_is_wrong_is_told_at_once_with_its_line() -> None:
    text = """\
[[quarantine]]
test = "t.py::a"
resaon = "typo"
owner = ""
expires = "next week"

[[quarantine]]
test = "t.py::a"
reason = "twice"
owner = "jo"
expires = 2026-12-05
"""

    assert complaint(text) == (
        "error: 5 problems in the configuration [config]\n"
        "  .handrail-quarantine.toml:1: reason is missing\n"
        "  .handrail-quarantine.toml:3: unknown key resaon; nearest: reason\n"
        "  .handrail-quarantine.toml:4: owner: expected text\n"
        "  .handrail-quarantine.toml:5: expires: expected a day such as 2026-12-05\n"
        "  .handrail-quarantine.toml:8: t.py::a is in quarantine twice\n"
        "\n"
        "hint: add reason = ..."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("quarantine = 1\n", ".handrail-quarantine.toml:1: expected tables [[quarantine]]"),
        ("[other]\n", ".handrail-quarantine.toml:1: unknown key other"),
        ("[[quarantine\n", ".handrail-quarantine.toml: not valid TOML: "),
    ],
)
def test_what_is_no_quarantine_file_is_refused(text: str, said: str) -> None:
    assert said in complaint(text)


def test_what_is_added_stands_behind_what_was_there() -> None:
    other = Quarantined(test="t.py::b", reason='"', owner="jo", expires="2026-12-05")

    text = added(WHOLE, other)

    assert text.startswith(WHOLE)
    assert parse(text, today="2026-11-21") == (ENTRY, other)


def test_what_is_removed_leaves_the_comments_of_the_others() -> None:
    other = Quarantined(test="t.py::b", reason="r", owner="jo", expires="2026-12-05")

    assert without(added(WHOLE, other), ["t.py::b"]) == WHOLE


entries = st.lists(
    st.builds(
        Quarantined,
        test=st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
        reason=st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
        owner=st.just("jo"),
        since=st.sampled_from(["", "2026-11-01"]),
        expires=st.dates().map(str),
    ),
    max_size=4,
    unique_by=lambda each: each.test,
)


@given(entries, st.data())
def test_what_is_written_is_read_again(found: list[Quarantined], data: st.DataObject) -> None:
    text = ""
    for each in found:
        text = added(text, each)
    gone = data.draw(st.lists(st.sampled_from(found), unique_by=lambda e: e.test)) if found else []

    left = without(text, [each.test for each in gone]) if gone else text

    assert parse(left, today="0001-01-01") == tuple(each for each in found if each not in gone)
