"""Settings of pytest move with their comments, and say the same to pytest afterwards."""

import shlex
import tomllib
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.adoption.changes import Change
from handrail.adoption.ini import as_toml, section
from handrail.adoption.inventory import Inventory
from handrail.adoption.migrating import CannotMoveError, moved, strict
from handrail.adoption.planning import CannotAddError, undoing

PYTEST_INI = """\
# How we test.
[pytest]
; quick ones only
addopts = -q -m "not slow"
    # and strictly
    --strict-markers
testpaths = tests
markers =
    slow: takes "long"
    # the bank
    bank: C:\\money
xfail_strict = True
log_format = %(message)s\\t"x"
env: A=1
  B=2

# the end
"""


def moved_changes(**files: str) -> dict[str, Change]:
    found = moved(Inventory(files={name.replace("__", "."): text for name, text in files.items()}))
    return {each.path: each for each in found.changes}


def test_pytest_ini_becomes_a_table_with_its_comments() -> None:
    changes = moved_changes(pytest__ini=PYTEST_INI, pyproject__toml='[project]\nname = "a"\n')

    assert changes["pytest.ini"].after is None
    assert changes["pyproject.toml"].after == dedent(
        """\
        [project]
        name = "a"

        # How we test.
        [tool.pytest.ini_options]
        # quick ones only
        addopts = [
            "-q",
            "-m",
            "not slow",
            # and strictly
            "--strict-markers",
        ]
        testpaths = ["tests"]
        markers = [
            "slow: takes \\"long\\"",
            # the bank
            "bank: C:\\\\money",
        ]
        xfail_strict = true
        log_format = '%(message)s\\t"x"'
        env = '''
        A=1
        B=2'''

        # the end
        """
    )


def test_of_setup_cfg_only_the_section_goes() -> None:
    before = "[metadata]\nname = a\n\n[tool:pytest]\ntestpaths = t\n\n# style\n[flake8]\nx = 1\n"

    changes = moved_changes(setup__cfg=before)

    assert changes["setup.cfg"].after == "[metadata]\nname = a\n\n# style\n[flake8]\nx = 1\n"
    assert changes["pyproject.toml"].after == '[tool.pytest.ini_options]\ntestpaths = ["t"]\n'


def test_a_setup_cfg_with_nothing_else_is_removed() -> None:
    assert moved_changes(setup__cfg="\n[tool:pytest]\nminversion = 8\n")["setup.cfg"].after is None


def test_what_pytest_reads_is_what_is_moved() -> None:
    files = {"tox__ini": "[pytest]\naddopts = -q\n", "setup__cfg": "[tool:pytest]\naddopts = -v\n"}

    changes = moved_changes(**files)

    assert sorted(changes) == ["pyproject.toml", "tox.ini"]
    assert changes["pyproject.toml"].after == '[tool.pytest.ini_options]\naddopts = ["-q"]\n'


def test_settings_that_are_there_already_are_left_alone() -> None:
    assert moved_changes(pyproject__toml="[tool.pytest.ini_options]\nminversion = '8'\n") == {}
    assert moved_changes(pytest__toml="[pytest]\n", pytest__ini="[pytest]\n") == {}
    assert moved_changes() == {}


def test_two_settings_are_not_mixed() -> None:
    with pytest.raises(CannotMoveError) as caught:
        moved_changes(
            pytest__ini="[pytest]\n", pyproject__toml="[tool.pytest.ini_options]\naddopts = '-q'\n"
        )

    assert caught.value.text() == (
        "error: pytest reads pytest.ini; pyproject.toml has settings for it too, which it does not read"
        " [cannot-move]\n"
        "  pytest.ini [pytest]\n"
        "  pyproject.toml [tool.pytest.ini_options]\n"
        "\n"
        "hint: put what is meant into pytest.ini, or remove pytest.ini"
    )


def test_a_pytest_ini_of_several_tools_stays() -> None:
    with pytest.raises(CannotMoveError) as caught:
        moved_changes(pytest__ini="[pytest]\n[mypy]\n")

    assert caught.value.text() == (
        "error: pytest.ini is not for pytest alone [cannot-move]\n"
        "  pytest.ini [mypy]\n"
        "\n"
        "hint: move these sections elsewhere first"
    )


def test_who_names_the_file_is_told() -> None:
    files = {
        "pytest.ini": "[pytest]\n",
        "Makefile": "test:\n\tpytest -c pytest.ini\n",
        "setup.py": "",
    }

    notes = moved(Inventory(files=files)).notes

    assert [(each.what, each.where) for each in notes] == [
        ("pyproject.toml is new: pip builds this project in isolation from now on", "setup.py"),
        ("pytest.ini is named elsewhere; it is gone", "Makefile:2"),
    ]


values = st.lists(
    st.text(
        st.characters(codec="ascii", exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\0"), max_size=12
    )
    .map(str.strip)
    .filter(lambda text: text and text[0] not in "#;"),
    min_size=1,
    max_size=3,
)


@given(st.sampled_from(["addopts", "markers", "env", "log_format", "xfail_strict"]), values)
def test_every_value_is_the_same_for_pytest_afterwards(name: str, lines: list[str]) -> None:
    text = f"[pytest]\n{name} = " + "\n    ".join(lines) + "\n"
    found = section(text, "pytest")
    assert found is not None

    now = tomllib.loads("\n".join(as_toml(found.entries)))[name]

    old = "\n".join(lines)
    if name == "markers":
        assert now == lines
    elif isinstance(now, list):
        assert now == shlex.split(old)
    elif isinstance(now, bool):
        assert str(now).lower() == old.lower()
    else:
        assert now == old


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        ({"pytest.ini": "[pytest]\nx = 1\n"}, "pytest.ini", "[pytest]\nBLOCK\nx = 1\n"),
        (
            {"pyproject.toml": "[tool.pytest.ini_options]  # ours\nx = 1\n"},
            "pyproject.toml",
            "[tool.pytest.ini_options]  # ours\nBLOCK\nx = 1\n",
        ),
        (
            {"pyproject.toml": "[tool.pytest]\nx = 1"},
            "pyproject.toml",
            "[tool.pytest]\nBLOCK\nx = 1",
        ),
        (
            {"pytest.toml": "[pytest]\nx = 1\n", "pytest.ini": "[pytest]\n"},
            "pytest.toml",
            "[pytest]\nBLOCK\nx = 1\n",
        ),
        (
            {"pyproject.toml": "[tool.pytest.ini_options]\n", "tox.ini": "[pytest]\n"},
            "pyproject.toml",
            "[tool.pytest.ini_options]\nBLOCK\n",
        ),
        ({}, "pyproject.toml", "# handrail: begin\n[tool.pytest.ini_options]\nstrict = true\n# handrail: end\n"),
    ],
)  # fmt: skip
def test_strict_is_written_where_pytest_reads_it_and_can_be_undone(
    files: dict[str, str], path: str, expected: str
) -> None:
    (change,) = strict(Inventory(files=files), (9, 0)).changes

    block = "# handrail: begin\nstrict = true\n# handrail: end"
    assert (change.path, change.after) == (path, expected.replace("BLOCK", block))
    assert change.after is not None
    (undone,) = undoing(Inventory(files={path: change.after})).changes
    assert undone.after == files.get(path)


def test_strict_twice_is_nothing_to_do() -> None:
    files = {"pytest.ini": "[pytest]\nstrict = false\n"}

    assert strict(Inventory(files=files), (9, 0)).changes == ()


def test_strict_is_not_for_an_older_pytest() -> None:
    with pytest.raises(CannotAddError) as caught:
        strict(Inventory(), (8, 4))

    assert caught.value.text() == (
        "error: strict = true is of pytest 9 [cannot-add]\n"
        "  pytest here: 8.4\n"
        "\n"
        'hint: upgrade pytest, or write addopts = ["--strict-markers"] yourself'
    )


def test_strict_is_not_forced_into_a_table_without_header() -> None:
    files = {"pyproject.toml": "[tool]\npytest.ini_options.addopts = '-q'\n"}

    with pytest.raises(CannotAddError) as caught:
        strict(Inventory(files=files), (9, 0))

    assert caught.value.hint == (
        "write [tool.pytest.ini_options] there, or add strict = true by hand"
    )


@pytest.mark.parametrize("value", ["-k '#12'", '-m "a', '-m "a\n  b"', "-k a\\\n  b"])
def test_options_that_cannot_be_told_apart_line_by_line_stay_one_text(value: str) -> None:
    change = moved_changes(pytest__ini=f"[pytest]\naddopts = {value}\n")["pyproject.toml"]

    now = tomllib.loads(change.after or "")["tool"]["pytest"]["ini_options"]["addopts"]
    assert now == value.replace("\n  ", "\n")
