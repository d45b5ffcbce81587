"""What git says of a work tree: compared with git itself."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from handrail.runs import checkout
from handrail.runs.checkout import DirtyCheck, commit


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("a = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def is_dirty(tree: Path) -> bool | None:
    with DirtyCheck(tree, timeout_s=30.0) as check:
        return check.result()


def test_the_commit_of_a_branch_is_the_one_git_names(tree: Path) -> None:
    assert commit(tree) == git(tree, "rev-parse", "HEAD")


def test_a_folder_inside_the_tree_has_the_tree_s_commit(tree: Path) -> None:
    (tree / "tests" / "unit").mkdir(parents=True)

    assert commit(tree / "tests" / "unit") == git(tree, "rev-parse", "HEAD")


def test_packed_references_are_read(tree: Path) -> None:
    git(tree, "branch", "feature/main")
    git(tree, "pack-refs", "--all")
    git(tree, "switch", "-q", "feature/main")
    git(tree, "pack-refs", "--all")

    assert not (tree / ".git" / "refs" / "heads" / "main").exists()
    assert commit(tree) == git(tree, "rev-parse", "HEAD")


def test_a_loose_reference_is_newer_than_the_packed_one(tree: Path) -> None:
    git(tree, "pack-refs", "--all")
    git(tree, "commit", "-q", "--allow-empty", "-m", "two")

    assert commit(tree) == git(tree, "rev-parse", "HEAD")


def test_a_detached_head_is_the_commit_itself(tree: Path) -> None:
    git(tree, "switch", "-q", "--detach")

    assert commit(tree) == git(tree, "rev-parse", "HEAD")


def test_a_linked_work_tree_has_its_own_commit(tree: Path, tmp_path: Path) -> None:
    git(tree, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    git(tmp_path / "linked", "commit", "-q", "--allow-empty", "-m", "two")

    assert commit(tmp_path / "linked") == git(tmp_path / "linked", "rev-parse", "HEAD")
    assert commit(tmp_path / "linked") != commit(tree)


def test_a_git_folder_elsewhere_is_followed_also_by_a_relative_path(
    tree: Path, tmp_path: Path
) -> None:
    (tree / ".git").rename(tmp_path / "elsewhere")
    (tree / ".git").write_text("gitdir: ../elsewhere\n")

    assert commit(tree) == git(tree, "rev-parse", "HEAD")


def test_a_branch_that_points_to_another_is_followed(tree: Path) -> None:
    git(tree, "symbolic-ref", "refs/heads/alias", "refs/heads/main")
    git(tree, "symbolic-ref", "HEAD", "refs/heads/alias")

    assert commit(tree) == git(tree, "rev-parse", "HEAD")


def test_branches_that_point_to_each_other_are_no_commit(tree: Path) -> None:
    (tree / ".git" / "refs" / "heads" / "main").write_text("ref: refs/heads/main\n")

    assert commit(tree) == ""


def test_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    assert commit(tmp_path) == ""


def test_without_git_there_is_no_commit_and_nothing_is_known_of_changes(tmp_path: Path) -> None:
    assert commit(tmp_path) == ""
    assert is_dirty(tmp_path) is None


def test_a_tree_as_committed_is_clean(tree: Path) -> None:
    assert is_dirty(tree) is False


def test_a_changed_file_makes_the_tree_dirty(tree: Path) -> None:
    (tree / "a.py").write_text("a = 2\n")

    assert is_dirty(tree) is True


def test_a_new_file_makes_the_tree_dirty(tree: Path) -> None:
    (tree / "b.py").write_text("")

    assert is_dirty(tree) is True


def test_a_list_of_changes_longer_than_a_pipe_does_not_block(tree: Path) -> None:
    for number in range(2000):
        (tree / f"{'long' * 20}{number}.py").touch()

    assert is_dirty(tree) is True


def test_the_answer_can_be_asked_for_again(tree: Path) -> None:
    (tree / "b.py").write_text("")

    with DirtyCheck(tree, timeout_s=30.0) as check:
        assert check.result() is True
        assert check.result() is True


def test_without_a_git_command_nothing_is_known(tree: Path, tmp_path: Path) -> None:
    with DirtyCheck(tree, timeout_s=30.0, env={"PATH": str(tmp_path)}) as check:
        assert check.result() is None


def test_a_git_that_takes_too_long_is_ended_and_nothing_is_known(
    tree: Path, tmp_path: Path
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)

    path = f"{slow.parent}:{os.environ['PATH']}"
    with DirtyCheck(tree, timeout_s=0.01, env={"PATH": path}) as check:
        assert check.result() is None

    assert check._git is not None
    assert check._git.returncode == -9


def changes(tree: Path) -> str:
    with DirtyCheck(tree, timeout_s=30.0) as check:
        return check.changes()


def test_equal_changes_have_equal_hashes_and_others_another(tree: Path) -> None:
    assert changes(tree) == ""

    hashes = []
    for text in ("a = 2\n", "a = 3\n", "a = 2\n"):
        (tree / "a.py").write_text(text)
        hashes.append(changes(tree))

    assert hashes[0] == hashes[2] != hashes[1]
    assert all(len(each) == 16 for each in hashes)


@pytest.mark.parametrize("name", ["new.py", "folder/new.py", 'f\xfcr "alle".py'])
def test_what_is_in_a_new_file_counts(tree: Path, name: str) -> None:
    (tree / name).parent.mkdir(exist_ok=True)

    (tree / name).write_text("b = 1\n")
    before = changes(tree)
    (tree / name).write_text("b = 2\n")

    assert "" != before != changes(tree)


def test_a_removed_and_a_renamed_file_count(tree: Path) -> None:
    (tree / "a.py").rename(tree / "c.py")
    git(tree, "add", "-A")
    renamed = changes(tree)
    (tree / "c.py").unlink()

    assert "" != renamed != changes(tree) != ""


def test_changes_that_are_too_many_to_read_have_no_hash(tree: Path) -> None:
    for number in range(checkout.MOST_FILES + 1):
        (tree / f"{number}.py").touch()

    assert changes(tree) == ""


def test_in_a_folder_below_the_top_the_same_files_are_read(tree: Path) -> None:
    (tree / "below").mkdir()
    (tree / "a.py").write_text("a = 2\n")

    assert changes(tree / "below") == changes(tree)
