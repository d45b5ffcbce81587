"""What each test used, kept in a file."""

from pathlib import Path

import pytest

from handrail.core.affected import Imports
from handrail.core.changed import Record, Snapshot
from handrail.errors import StateError
from handrail.store.code_records import CodeRecords, Source

PROJECT = Snapshot(blocks={"a.py": {"": "1", "f": "2"}}, others={"x.json": "3"}, environment="e")
SOURCES = {"a.py": Source("12-3", {"": "1", "f": "2"}, Imports(frozenset({"os"}), is_open=True))}


def record(test: str, **files: str) -> Record:
    return Record(test=test, prints=(("a.py", (("", "1"), ("f", "2"))),), files=files)


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    store = CodeRecords(tmp_path / "changed.db")
    kept = [record("a.py::1", x="3"), record("a.py::2")]

    store.save(kept, [], PROJECT, SOURCES)

    assert sorted(store.records(), key=lambda each: each.test) == kept
    assert store.before() == PROJECT
    assert store.sources() == SOURCES


def test_a_file_that_is_not_there_holds_nothing_and_is_not_made(tmp_path: Path) -> None:
    store = CodeRecords(tmp_path / "changed.db")

    assert (store.records(), store.before(), store.sources()) == ([], None, {})
    assert not store.path.exists()


def test_a_newer_record_takes_the_place_of_the_older_and_some_are_forgotten(tmp_path: Path) -> None:
    store = CodeRecords(tmp_path / "changed.db")
    store.save([record("a.py::1"), record("a.py::2")], [], PROJECT, SOURCES)

    store.save([record("a.py::1", x="4")], ["a.py::2"], PROJECT, SOURCES)

    assert store.records() == [record("a.py::1", x="4")]


def test_a_damaged_file_is_told_of_and_begun_anew(tmp_path: Path) -> None:
    store = CodeRecords(tmp_path / "changed.db")
    store.path.write_bytes(b"nonsense" * 1000)

    with pytest.raises(StateError) as error:
        store.records()

    assert error.value.text() == (
        "error: what tests use cannot be read or kept [state]\n"
        f"  {store.path}: file is not a database\n\n"
        "hint: nothing to do: every test runs, and it is recorded anew"
    )
    assert store.records() == []


def test_checks_are_kept_in_their_order(tmp_path: Path) -> None:
    store = CodeRecords(tmp_path / "changed.db")

    store.check(2.0, selected=1, rest=3, missed=["a.py::1"])
    store.check(1.0, selected=2, rest=2, missed=[])

    assert store.checks() == [(1.0, 2, 2, []), (2.0, 1, 3, ["a.py::1"])]


def test_as_long_as_no_file_was_written_meanwhile_stamps_tell_enough(tmp_path: Path) -> None:
    store = CodeRecords(tmp_path / "changed.db")
    before = store.settled()

    store.save([record("a.py::1")], [], PROJECT, SOURCES, is_settled=True)
    settled = store.settled()
    store.save([], [], PROJECT, SOURCES)

    assert before is None
    assert settled == ({"a.py": "12-3"}, "e", {"a.py::1"})
    assert store.settled() is None


def test_what_is_forgotten_has_no_record(tmp_path: Path) -> None:
    store = CodeRecords(tmp_path / "changed.db")
    store.save([record("a.py::1"), record("a.py::2")], [], PROJECT, SOURCES)

    store.forget(["a.py::1", "b.py::1"])

    assert store.records() == [record("a.py::2")]
