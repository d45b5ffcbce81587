"""Recorded times as a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.durations import durations_text, parse_durations

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
    lambda name: ":" not in name
)


def test_each_module_is_one_line() -> None:
    text = durations_text({"b.py::two": 0.25, "a.py::one": 1.23456, "a.py::T::x[1]": 2})

    assert text == (
        '{\n  "schema": "handrail.durations/1",\n  "seconds": {\n'
        '    "a.py": {"T::x[1]": 2, "one": 1.2346},\n'
        '    "b.py": {"two": 0.25}\n  }\n}'
    )


@given(st.dictionaries(st.tuples(NAMES, NAMES), st.floats(0, 1e6, allow_nan=False)))
def test_what_is_written_is_read_again(found: dict[tuple[str, str], float]) -> None:
    seconds = {
        f"{module}::{name}" if name else module: each for (module, name), each in found.items()
    }

    again = parse_durations(durations_text(seconds))

    assert again == {name: round(each, 4) for name, each in seconds.items()}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 1 column 2"),
        ("[]", "handrail.durations/1"),
        ('{"schema": "handrail.durations/1"}', "no table by module"),
        ('{"schema": "handrail.durations/1", "seconds": {"a.py": 3}}', "a.py: no table by test"),
        (
            '{"schema": "handrail.durations/1", "seconds": {"a.py": {"t": "x"}}}',
            "a.py::t: 'x' is no number of seconds",
        ),
        (
            '{"schema": "handrail.durations/1", "seconds": {"a.py": {"t": -1}}}',
            "a.py::t: -1 is no number of seconds",
        ),
    ],
)
def test_what_is_wrong_is_told(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("[", r"\[")):
        parse_durations(text)
