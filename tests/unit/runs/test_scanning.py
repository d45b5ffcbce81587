"""The files of a project, now and at a commit."""

import os
import subprocess
from pathlib import Path

import pytest

from handrail.runs.scanning import NoSuchCommitError, files_below, scan, since, snapshot


def put(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_py", ".py").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def test_what_is_hidden_cached_or_installed_is_not_the_projects(tmp_path: Path) -> None:
    put(tmp_path, a_py="", sub__b_json="", **{".hidden/c": "", "__pycache__/d": "", "venv/e": ""})
    (tmp_path / "venv" / "pyvenv.cfg").touch()

    assert [path for path, _ in files_below(tmp_path)] == ["a.py", "sub/b.json"]


def test_a_file_is_read_again_only_when_it_was_written(tmp_path: Path) -> None:
    put(tmp_path, a_py="x = 1", b_json="1")
    first = scan(tmp_path, {})
    stamp = (tmp_path / "a.py").stat()
    put(tmp_path, a_py="x = 2", b_json="22")
    os.utime(tmp_path / "a.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    again = scan(tmp_path, first)

    assert again["a.py"] == first["a.py"]
    assert again["b.json"] != first["b.json"]


def test_since_a_commit_there_is_what_differs_as_it_was_then(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    put(tmp_path, a_py="x = 1", gone_json="1", same_py="y = 1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    before = snapshot(scan(tmp_path, {}), "")
    put(tmp_path, a_py="x = 2", new_py="z = 1")
    (tmp_path / "gone.json").unlink()

    found = since(tmp_path, "HEAD")

    assert found.blocks == {"a.py": before.blocks["a.py"], "new.py": {}}
    assert found.others == {"gone.json": before.others["gone.json"]}


def test_a_commit_that_git_does_not_know_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    with pytest.raises(NoSuchCommitError) as error:
        since(tmp_path, "nowhere")

    assert "error: git cannot tell what has changed since nowhere [no-such-commit]" in str(
        error.value
    )
    assert "nowhere" in error.value.where
