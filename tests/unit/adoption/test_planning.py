"""What init proposes changes nothing but blocks of its own."""

import tomllib

import pytest

from handrail.adoption.changes import Change, diff
from handrail.adoption.inventory import Inventory
from handrail.adoption.planning import (
    CannotAddError,
    check_readable,
    check_toml,
    proposal,
    undoing,
    without_ours,
)

OWN = '[project]\nname = "a"\n\n[tool.ruff]\nline-length = 100\n'


def changes(**files: str) -> dict[str, Change]:
    return {each.path: each for each in proposal(inventory(**files)).changes}


def inventory(**files: str) -> Inventory:
    return Inventory(files={name.replace("__", "."): text for name, text in files.items()})


def test_what_stands_in_pyproject_stays_as_it_is() -> None:
    change = changes(pyproject__toml=OWN)["pyproject.toml"]

    assert change.after is not None
    assert change.after.startswith(OWN)
    assert without_ours(tomllib.loads(change.after)) == tomllib.loads(OWN)


def test_after_it_was_applied_there_is_nothing_to_do() -> None:
    first = proposal(Inventory(files={"pyproject.toml": OWN}, is_git=True))
    files = {each.path: each.after or "" for each in first.changes}

    assert sorted(files) == [".gitignore", "AGENTS.md", "pyproject.toml"]
    assert proposal(Inventory(files=files, is_git=True)).changes == ()


def test_undoing_leaves_what_was_there_before() -> None:
    before = {"pyproject.toml": OWN, ".gitignore": "*.pyc", "CLAUDE.md": "# Us\n"}
    files = before | {
        each.path: each.after or "" for each in proposal(Inventory(files=before)).changes
    }

    undone = {each.path: each.after for each in undoing(Inventory(files=files)).changes}

    assert undone == before


def test_a_table_that_people_wrote_is_left_alone_and_that_is_said() -> None:
    found = proposal(inventory(pyproject__toml='[tool.handrail]\nworkers = "auto"\n'))

    assert [each.path for each in found.changes] == ["AGENTS.md"]
    assert found.notes[0].what == "[tool.handrail] is there already: left as it is"


@pytest.mark.parametrize("line", [".handrail", ".handrail/", "/.handrail/"])
def test_what_git_ignores_already_is_not_added(line: str) -> None:
    assert ".gitignore" not in changes(__gitignore=f"{line}\n")


def test_a_pyproject_that_is_not_valid_is_not_touched() -> None:
    with pytest.raises(CannotAddError) as caught:
        proposal(inventory(pyproject__toml="[project\n"))

    assert caught.value.text() == (
        "error: pyproject.toml is not valid TOML [cannot-add]\n"
        "  pyproject.toml: Expected ']' at the end of a table declaration (at line 1, column 9)\n"
        "\n"
        "hint: mend it first: handrail config check"
    )


def test_a_tool_table_that_cannot_be_added_to_is_not_touched() -> None:
    with pytest.raises(CannotAddError) as caught:
        proposal(inventory(pyproject__toml="tool = { ruff = { line-length = 1 } }\n"))

    assert caught.value.what == "[tool.handrail] cannot be added below what is there"
    assert caught.value.hint == "write `tool` as [tool.NAME] tables, not as an inline table"


def test_a_diff_says_where_a_last_line_has_no_end() -> None:
    change = Change(path="a.txt", before="one", after="one\ntwo", why="")

    assert diff([change]).splitlines() == [
        "--- a/a.txt", "+++ b/a.txt", "@@ -1 +1,2 @@", "-one", "\\ No newline at end of file", "+one",
        "+two", "\\ No newline at end of file",
    ]  # fmt: skip


def test_a_change_outside_our_table_is_refused() -> None:
    with pytest.raises(CannotAddError) as caught:
        check_toml(tomllib.loads(OWN), OWN.replace("100", "99") + "[tool.handrail]\n")

    assert caught.value.text() == (
        "error: [tool.handrail] cannot be added without changing what is there [cannot-add]\n"
        "  pyproject.toml\n"
        "\n"
        "hint: add it by hand: handrail config schema says what it may hold"
    )


def test_what_cannot_be_read_is_not_written_over() -> None:
    found = Inventory(unreadable=frozenset({"AGENTS.md"}))

    with pytest.raises(CannotAddError) as caught:
        check_readable(proposal(found), found)

    assert caught.value.text() == (
        "error: files cannot be changed that cannot be read as UTF-8 text [cannot-add]\n"
        "  AGENTS.md\n"
        "\n"
        "hint: file AGENTS.md; save it as UTF-8"
    )
