"""What words on the command line mean."""

import pytest

from handrail.cli.parser import parse


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        (["--changed", "tests"], "changed", ""),
        (["--changed=main", "tests"], "changed", "main"),
        (["--guard", "tests"], "guard", "note"),
        (["--guard=fail", "tests"], "guard", "fail"),
    ],
)
def test_what_follows_an_option_without_a_value_is_a_path(
    given: list[str], name: str, value: str
) -> None:
    parsed = parse(["run", *given])

    assert getattr(parsed, name) == value
    assert parsed.targets == ["tests"]
