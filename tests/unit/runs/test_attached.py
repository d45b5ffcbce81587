"""Files that tests attach, in the folder of their run."""

import json
from pathlib import Path

import pytest

from handrail.runs import attached
from handrail.runs.attached import TooLargeError, add_attachment, adopt, listed, read_attachments


def test_what_is_attached_is_a_copy_with_a_name_of_its_own(tmp_path: Path) -> None:
    source = tmp_path / "page.png"
    source.write_bytes(b"one")
    folder = tmp_path / "run"
    folder.mkdir()

    add_attachment(folder, "a.py::t", "page.png", "image/png", source)
    add_attachment(folder, "a.py::t", "page.png", "image/png", b"two")
    source.unlink()

    found = list(read_attachments(folder))
    assert [(each.test, each.name, each.kind, each.size_bytes) for each in found] == [
        ("a.py::t", "page.png", "image/png", 3)
    ] * 2
    assert [(folder / each.path).read_bytes() for each in found] == [b"one", b"two"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a\0b", "é" * 300, ""])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    add_attachment(tmp_path, "a.py::t", name, "text/plain", b"data")

    (found,) = read_attachments(tmp_path)
    assert found.name == name
    assert (tmp_path / found.path).resolve().parent == tmp_path / attached.FOLDER
    assert (tmp_path / found.path).read_bytes() == b"data"


def test_an_entry_that_somebody_forged_shows_no_other_file(tmp_path: Path) -> None:
    (tmp_path / attached.FOLDER).mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / attached.FOLDER / "link").symlink_to(tmp_path / "secret")
    paths = ["../secret", "secret", "attachments/link", "/etc/hostname"]
    entries = [{"test": "t", "name": "n", "kind": "k", "path": path} for path in paths]
    lines = [*map(json.dumps, entries), "no JSON", "[]", "{}"]
    (tmp_path / attached.LIST).write_text("\n".join(lines))

    assert list(read_attachments(tmp_path)) == []


def test_what_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "MOST_BYTES", 3)

    with pytest.raises(TooLargeError):
        add_attachment(tmp_path, "a.py::t", "a", "text/plain", b"four")

    assert list(tmp_path.iterdir()) == []


def test_a_merged_run_has_what_the_others_had(tmp_path: Path) -> None:
    one, other, both = (tmp_path / name for name in ("one", "other", "both"))
    for each in (one, other, both):
        each.mkdir()
    add_attachment(one, "a.py::t", "a.txt", "text/plain", b"a")
    add_attachment(other, "b.py::t", "a.txt", "text/plain", b"b")

    for each in (one, other):
        adopt(each, both)

    assert [(each["test"], each["name"]) for each in listed(both)] == [
        ("a.py::t", "a.txt"),
        ("b.py::t", "a.txt"),
    ]
