"""Room for the last state: a disk that is full is one where no new file can be made."""

from pathlib import Path

import pytest

from handrail.runs import reserve
from handrail.runs.atomic import UnwritableError
from handrail.runs.reserve import SIZE_BYTES, set_aside, write_last


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "state.json"
    found.write_bytes(b"running")
    return found


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise UnwritableError(path, OSError(28, "No space left on device"))

    monkeypatch.setattr(reserve, "write_atomically", refuse)


def names(path: Path) -> list[str]:
    return [each.name for each in path.parent.iterdir()]


def test_with_room_on_the_disk_the_reserve_is_given_back(path: Path) -> None:
    set_aside(path)
    taken = sum(each.stat().st_blocks * 512 for each in path.parent.iterdir())

    write_last(path, b"finished", in_short=b"short")

    assert taken >= SIZE_BYTES
    assert path.read_bytes() == b"finished"
    assert names(path) == ["state.json"]


@pytest.mark.parametrize("data", [b"finished", b"x" * SIZE_BYTES])
def test_on_a_full_disk_the_reserve_takes_it(path: Path, full: None, data: bytes) -> None:
    set_aside(path)

    write_last(path, data, in_short=b"short")

    assert path.read_bytes() == data
    assert names(path) == ["state.json"]


def test_what_is_longer_than_the_reserve_is_said_in_short(path: Path, full: None) -> None:
    set_aside(path)

    write_last(path, b"x" * (SIZE_BYTES + 1), in_short=b"short")

    assert path.read_bytes() == b"short"


def test_where_nothing_was_set_aside_the_old_state_stays(path: Path, full: None) -> None:
    with pytest.raises(UnwritableError):
        write_last(path, b"finished", in_short=b"short")

    assert path.read_bytes() == b"running"


def test_on_a_disk_that_is_full_already_nothing_is_set_aside(tmp_path: Path) -> None:
    set_aside(tmp_path / "no-such-folder" / "state.json")

    assert list(tmp_path.iterdir()) == []
