"""The file of recorded times that shards share."""

from pathlib import Path

import pytest

from handrail.runs.durations import DurationsError, read


def test_a_file_that_is_not_needed_may_be_absent(tmp_path: Path) -> None:
    assert read(tmp_path / "none.json", is_needed=False) == {}


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DurationsError) as error:
        read(tmp_path / "none.json", is_needed=True)

    assert error.value.text() == (
        "error: the recorded times that shards share cannot be read [bad-durations]\n"
        "  none.json: there is no such file\n\n"
        "hint: handrail report --format durations -o none.json"
    )


def test_a_file_that_is_broken_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text('{\n  "schema": }')

    with pytest.raises(DurationsError, match="line 2 column 13"):
        read(tmp_path / "d.json", is_needed=False)
