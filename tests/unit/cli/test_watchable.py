"""What ``--watch`` goes together with, and which words of a command line are options."""

import pytest

from handrail.cli.parser import parse
from handrail.cli.watchable import refuse, without_targets
from handrail.errors import UsageError


def given(line: str) -> list[str]:
    return line.split()


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("run --watch", "run"),
        ("run --watch tests/test_a.py fast", "run"),
        ("run --watch -k fast fast", "run -k fast"),
        ("run fast --watch -k fast", "run -k fast"),
        ("run --tier fast --watch fast -- fast -k x", "run --tier fast -- fast -k x"),
        ("-C app run --watch -n 2 app", "-C app run -n 2"),
    ],
)
def test_what_is_to_be_run_is_left_out_and_the_values_of_options_are_not(
    line: str, options: str
) -> None:
    arguments = parse(given(line))

    assert without_targets(arguments) == given(options)
    assert parse(given(options)).targets == []


@pytest.mark.parametrize("line", ["run --watch", "run --watch -n 2 fast", "run --watch -v --lf"])
def test_a_person_may_watch(line: str) -> None:
    refuse(parse(given(line)), {})


@pytest.mark.parametrize(
    ("line", "environ", "where"),
    [
        ("run --watch --ci", {}, "--ci"),
        ("run --watch", {"CI": "true"}, "the environment is that of CI"),
        ("run --watch --format agent", {}, "an agent reads the answer"),
        ("run --watch --json", {}, "--format json"),
    ],
)
def test_nobody_else_may(line: str, environ: dict[str, str], where: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse(parse(given(line)), environ)

    assert caught.value.text() == (
        f"error: --watch is for a person who saves files [usage]\n  {where}\n\n"
        "hint: leave out --watch: one run, one verdict"
    )


def test_a_terminal_is_not_given_to_two() -> None:
    with pytest.raises(UsageError) as caught:
        refuse(parse(given("run --watch -s")), {})

    assert caught.value.text() == (
        "error: --watch cannot be combined with what gives the terminal to pytest [usage]\n"
        "  handrail run --watch -s\n\n"
        "hint: leave out --watch, or -s, --pdb, --co and the like"
    )


@pytest.mark.parametrize("option", ["--dry-run", "--wait 10s", "--warm"])
def test_what_ends_at_once_or_is_warm_already_cannot_be_watched(option: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse(parse(given(f"run --watch {option}")), {})

    assert caught.value.text() == (
        f"error: --watch cannot be combined with {option.partition(' ')[0]} [usage]\n\n"
        "hint: leave out one of them"
    )
