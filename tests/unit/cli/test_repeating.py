"""What is left of a command line for each of its runs."""

import pytest

from handrail.cli.repeating import without_repeat


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (["run", "--repeat", "20"], ["run"]),
        (["run", "--repeat=20", "-n", "2"], ["run", "-n", "2"]),
        (["run", "--tier", "slow", "--repeat", "3", "tests"], ["run", "--tier", "slow", "tests"]),
        (["run", "--repeat", "2", "--", "--repeat", "9"], ["run", "--", "--repeat", "9"]),
        (["run", "tests"], ["run", "tests"]),
    ],
)
def test_the_option_goes_and_everything_else_stays(given: list[str], left: list[str]) -> None:
    assert without_repeat(given) == left
