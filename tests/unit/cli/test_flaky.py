import pytest

from handrail.cli.parser import parse


@pytest.mark.parametrize(
    ("given", "test"),
    [
        (["flaky"], None),
        (["flaky", "list"], None),
        (["flaky", "--json"], None),
        (["flaky", "t.py::a"], "t.py::a"),
        (["-C", ".", "flaky", "list", "t.py::a"], "t.py::a"),
    ],
)
def test_without_a_subcommand_flaky_tests_are_listed(given: list[str], test: str | None) -> None:
    parsed = parse(given)

    assert parsed.test == test
    assert parsed.last == 100
