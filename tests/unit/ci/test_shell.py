"""A script is seen as the commands that it runs, and what joins them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.ci.shell import commands, is_test, program


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b && c | d", [("a b", "&&"), ("c", "|"), ("d", "")]),
        ("a 2>&1 | b", [("a 2>&1", "|"), ("b", "")]),
        ("a &> log; b", [("a &> log", ";"), ("b", "")]),
        ("a 'x | y' \"p && $(q | r)\"", [("a 'x | y' \"p && $(q | r)\"", "")]),
        ("a \\\n  b # c | d\ne", [("a b", "\n"), ("e", "")]),
        ("cat <<EOF\npytest | tee\nEOF\nb", [("cat <<EOF", "\n"), ("b", "")]),
        ("a ${{ x || y }} b", [("a ${{ x || y }} b", "")]),
        ("a || true", [("a", "||"), ("true", "")]),
        ("x=$(a | b) c", [("x=$(a | b) c", "")]),
        ("a & b", [("a", "&"), ("b", "")]),
    ],
)
def test_a_script_is_split_where_the_shell_splits_it(
    script: str, expected: list[tuple[str, str]]
) -> None:
    assert [(" ".join(each.words), each.then) for each in commands(script)] == expected


def test_each_command_knows_its_line() -> None:
    script = "a \\\n  b\ncat <<'X'\n1\n2\nX\n\nc 'd\ne' | f\ng"

    assert [(each.words[0], each.line) for each in commands(script)] == [
        ("a", 0), ("cat", 2), ("c", 7), ("f", 8), ("g", 9),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A=1 sudo -E python3 -m pytest -q", ("pytest", "-q")),
        ("uv run --group dev --locked pytest x", ("pytest", "x")),
        ("timeout 10m coverage run -m pytest", ("pytest",)),
        ("coverage report", ("coverage", "report")),
        (".venv/bin/pytest x", ("pytest", "x")),
    ],
)
def test_what_stands_before_a_program_is_left_out(line: str, expected: tuple[str, ...]) -> None:
    assert program(line.split()) == expected


@pytest.mark.parametrize("line", ["pytest", "handrail run", "tox -e py311", "make test-unit", "nox", "python manage.py test"])  # fmt: skip
def test_a_command_that_runs_tests_is_known_by_its_name(line: str) -> None:
    assert is_test(line.split())


@pytest.mark.parametrize("line", ["pip install pytest", "tox -e lint", "handrail status", "make docs", "pytest --version", "echo pytest"])  # fmt: skip
def test_a_command_that_only_names_tests_is_not_one(line: str) -> None:
    assert not is_test(line.split())


@given(st.text(alphabet="ab '\"\\|&;$({})`<>#\nE"))
def test_whatever_is_written_is_read_to_its_end(script: str) -> None:
    for each in commands(script):
        assert 0 <= each.line <= script.count("\n")
        assert isinstance(is_test(each.words), bool)
