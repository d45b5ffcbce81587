"""A snapshot is built once, by whoever comes first; its name is a promise."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail.services.snapshots import COMPLETE, Snapshots, content_key, is_complete, key


class Building:
    """Fills a folder, and counts."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 0
        self._error = error

    def __call__(self, folder: Path) -> None:
        self.count += 1
        (folder / "base").mkdir(parents=True)
        (folder / "base" / "1").write_text("one")
        if self._error is not None:
            raise self._error


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def get(tmp_path: Path, said: list[str]) -> Callable[[Building], Path]:
    snapshots = Snapshots(tmp_path / "kept", said.append)
    workshop = tmp_path / "workshop"
    workshop.mkdir()
    return lambda building: snapshots.get("pg", building, lambda: workshop)


def test_it_is_built_once(get: Callable[[Building], Path]) -> None:
    building = Building()

    first, second = get(building), get(building)

    assert first == second
    assert building.count == 1
    assert (first / "base" / "1").read_text() == "one"


def test_a_build_that_fails_leaves_nothing(get: Callable[[Building], Path], tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room"):
        get(Building(OSError("no room")))

    assert not list((tmp_path / "workshop").iterdir())
    assert get(Building()).name == "pg"


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / "base" / "1").unlink(),
        lambda path: (path / "base" / "1").write_text("o"),
        lambda path: (path / "base" / "2").write_text("more"),
        lambda path: (path / COMPLETE).unlink(),
    ],
    ids=["a file is gone", "a file was cut short", "a file too many", "it was never completed"],
)
def test_a_damaged_one_is_built_again_and_that_is_said(
    get: Callable[[Building], Path], said: list[str], damage: Callable[[Path], None]
) -> None:
    path = get(Building())
    damage(path)
    again = Building()

    get(again)

    assert again.count == 1
    assert is_complete(path)
    assert said == [f"the snapshot {path} was damaged and is built again"]


def test_half_a_copy_of_a_killed_build_is_replaced(
    get: Callable[[Building], Path], tmp_path: Path
) -> None:
    (tmp_path / "kept" / "pg.draft" / "base").mkdir(parents=True)

    assert is_complete(get(Building()))
    assert not (tmp_path / "kept" / "pg.draft").exists()


def test_permissions_are_kept(get: Callable[[Building], Path]) -> None:
    def build(folder: Path) -> None:
        folder.mkdir(mode=0o700)
        (folder / "secret").write_text("")
        os.chmod(folder / "secret", 0o600)

    path = get(build)  # type: ignore[arg-type]

    assert path.stat().st_mode & 0o777 == 0o700
    assert (path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_key_depends_on_every_part_and_on_where_each_ends() -> None:
    assert len({key("ab", "c"), key("a", "bc"), key("abc"), key("ab", "c", "")}) == 4
    assert key("ab", "c") == key("ab", "c")


def test_a_content_key_changes_with_a_file_and_not_with_their_order(tmp_path: Path) -> None:
    one, two = tmp_path / "1.sql", tmp_path / "2.sql"
    one.write_text("create table a ()")
    two.write_text("create table b ()")
    before = content_key([one, two])

    assert content_key([two, one]) == before
    two.write_text("create table c ()")
    assert content_key([one, two]) != before
