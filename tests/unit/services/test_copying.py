"""A folder is copied with what is in it: content, modes, links, owners."""

import os
import socket
from pathlib import Path

import pytest

from handrail.services.copying import copy_folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "base" / "1").mkdir(parents=True)
    (source / "base" / "1" / "112").write_bytes(os.urandom((3 << 20) + 7))
    (source / "base" / "1" / "113").write_bytes(b"")
    (source / "run.sh").write_text("exit 0")
    (source / "run.sh").chmod(0o755)
    (source / "base").chmod(0o750)
    (source / "link").symlink_to("run.sh")
    return source


def everything(folder: Path) -> dict[str, object]:
    """All paths below it; of each what kind it is, its mode, its content."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes()
        found[str(path.relative_to(folder))] = (about.st_mode, about.st_uid, content)
    return found


def test_the_copy_is_the_same(source: Path, tmp_path: Path) -> None:
    copy_folder(str(source), str(tmp_path / "copy"))

    assert everything(tmp_path / "copy") == everything(source)


def test_sockets_stay_where_they_are(source: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(source / "s"))

        copy_folder(str(source), str(tmp_path / "copy"))

    assert "s" not in everything(tmp_path / "copy")


def test_what_is_there_is_not_overwritten(source: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()

    with pytest.raises(FileExistsError):
        copy_folder(str(source), str(tmp_path / "copy"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owners_are_kept(source: Path, tmp_path: Path) -> None:
    for path in (source, source / "base", source / "run.sh"):
        os.chown(path, 12345, 12345)

    copy_folder(str(source), str(tmp_path / "copy"))

    assert (tmp_path / "copy").stat().st_uid == 12345
    assert everything(tmp_path / "copy") == everything(source)
