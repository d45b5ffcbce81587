"""What was shown is written, all of it or nothing."""

from pathlib import Path

import pytest

from handrail.adoption.changes import Change
from handrail.adoption.reading import read
from handrail.adoption.writing import CannotWriteError, ChangedMeanwhileError, apply


def change(path: str, before: str | None, after: str | None) -> Change:
    return Change(path=path, before=before, after=after, why="")


def test_files_are_made_changed_and_removed(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old\r\n", newline="")
    (tmp_path / "b").chmod(0o640)
    (tmp_path / "c").write_text("old")

    apply(tmp_path, [change("a", None, "x"), change("b", "old\r\n", "y\r\n"), change("c", "old", None)])  # fmt: skip

    found = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert found == {"a": b"x", "b": b"y\r\n"}
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o640


def test_a_file_that_has_changed_meanwhile_is_not_written_nor_any_other(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("somebody was quicker")

    with pytest.raises(ChangedMeanwhileError) as caught:
        apply(tmp_path, [change("a", None, "x"), change("b", "old", "new")])

    assert not (tmp_path / "a").exists()
    assert caught.value.text() == (
        "error: files have changed since they were read; nothing was written [changed-meanwhile]\n"
        "  b\n"
        "\n"
        "hint: handrail init, and look at the diff again"
    )


def test_what_was_written_before_a_failure_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")

    with pytest.raises(CannotWriteError) as caught:
        apply(tmp_path, [change("a", "old", "new"), change("no/such/folder", None, "x")])

    assert (tmp_path / "a").read_text() == "old"
    assert caught.value.text() == (
        "error: cannot write folder; nothing was changed [cannot-write]\n"
        f"  {tmp_path}/no/such/folder: No such file or directory\n"
        "\n"
        "hint: check free space (df) and permissions (ls -ld) of its folder"
    )


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("old")
    (tmp_path / "CLAUDE.md").symlink_to("AGENTS.md")

    apply(tmp_path, [change("CLAUDE.md", "old", "new")])

    assert (tmp_path / "CLAUDE.md").is_symlink()
    assert (tmp_path / "AGENTS.md").read_text() == "new"


def test_reading_finds_tests_and_not_what_others_installed(tmp_path: Path) -> None:
    for name in ("tests/helpers.py", "src/a_test.py", ".venv/test_b.py", "env/test_c.py", "app.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("import redis")
    (tmp_path / "env/pyvenv.cfg").touch()
    (tmp_path / "setup.cfg").write_bytes(b"\xff")

    found = read(tmp_path)

    assert [each.path for each in found.sources] == ["src/a_test.py", "tests/helpers.py"]
    assert (found.files, found.unreadable) == ({}, {"setup.cfg"})
