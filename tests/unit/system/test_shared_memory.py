"""Segments that nobody is attached to can be removed by key and identifier; others are left alone."""

import ctypes
from collections.abc import Iterator
from pathlib import Path

import pytest

from handrail.services.leftovers import remove_leftovers
from handrail.system.shared_memory import remove_unused

pytestmark = pytest.mark.skipif(
    not Path("/proc/sysvipc/shm").exists(), reason="the system does not list shared memory"
)
_IPC_CREAT, _IPC_RMID = 0o1000, 0


def segments() -> dict[int, int]:
    """Keys by identifier."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {int(line.split()[1]): int(line.split()[0]) for line in lines}


@pytest.fixture
def segment() -> Iterator[tuple[int, int]]:
    """Key and identifier of a fresh one."""
    library = ctypes.CDLL(None)
    identifier = library.shmget(0, 56, _IPC_CREAT | 0o600)
    yield segments()[identifier], identifier
    library.shmctl(identifier, _IPC_RMID, None)


def test_an_unused_segment_is_removed(segment: tuple[int, int]) -> None:
    assert remove_unused(*segment)
    assert segment[1] not in segments()


def test_one_with_another_key_is_somebody_elses(segment: tuple[int, int]) -> None:
    key, identifier = segment

    assert not remove_unused(key + 1, identifier)
    assert identifier in segments()


def test_one_that_somebody_is_attached_to_is_left_alone(segment: tuple[int, int]) -> None:
    library = ctypes.CDLL(None)
    library.shmat.restype = ctypes.c_void_p
    address = library.shmat(segment[1], None, 0)

    assert not remove_unused(*segment)

    library.shmdt(ctypes.c_void_p(address))
    assert segment[1] in segments()


def test_what_postgres_names_in_its_folder_is_removed_with_it(
    segment: tuple[int, int], tmp_path: Path
) -> None:
    home = tmp_path / "s-x" / "postgres"
    home.mkdir(parents=True)
    lines = ["1", str(home), "0", "5432", str(home), "127.0.0.1", f"{segment[0]} {segment[1]}"]
    (home / "postmaster.pid").write_text("\n".join(lines))

    remove_leftovers(str(tmp_path))

    assert segment[1] not in segments()


@pytest.mark.parametrize("text", ["", "1\n2\n3", "\n" * 6 + "x y", "\n" * 6 + "1 2 3"])
def test_a_file_that_was_cut_short_names_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)

    remove_leftovers(str(tmp_path))
