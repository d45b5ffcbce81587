"""Files that were changed since."""

import os
from pathlib import Path

from handrail.execution.stamps import changed, stamps


def test_a_file_that_is_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("1")

    assert changed(stamps([str(file), str(tmp_path / "none.py")])) == ""


def test_what_is_changed(tmp_path: Path) -> None:
    file, gone, new = (tmp_path / each for each in ("a.py", "gone.py", "new.py"))
    file.write_text("1")
    gone.write_text("1")
    before = stamps(map(str, (file, gone, new)))
    at = file.stat().st_mtime_ns
    file.write_text("22")
    os.utime(file, ns=(at, at))
    gone.unlink()
    new.write_text("")

    found = [changed({name: stamp}) for name, stamp in before.items()]

    assert found == [str(file), str(gone), str(new)]


def test_a_folder_changes_when_something_is_put_there(tmp_path: Path) -> None:
    os.utime(tmp_path, (1, 1))
    before = stamps([str(tmp_path)])

    (tmp_path / "a.pth").write_text("")

    assert changed(before) == str(tmp_path)
