"""From what workers saw to records."""

from made_events import failed, finished, problem

from handrail.core.changed import Snapshot
from handrail.core.choosing import records_after, seen_of
from handrail.core.fingerprints import blocks_of
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome

NOW = Snapshot(
    blocks={"test_a.py": blocks_of("def test_1(): pass\ndef f(): pass\n")},
    others={},
    environment="",
)
LINE = ["test_a.py::1", {"test_a.py": ["test_1"]}, [], [], False]


def kept(*attempts: TestFinished) -> tuple[list[str], frozenset[str]]:
    records, forgotten = records_after(attempts, seen_of([LINE]), NOW, lambda paths: paths)
    return [each.test for each in records], forgotten


def test_a_test_that_passed_is_kept() -> None:
    assert kept(finished("test_a.py::1")) == (["test_a.py::1"], frozenset())


def test_a_test_that_did_not_pass_at_the_first_try_is_forgotten() -> None:
    forgotten = ([], frozenset({"test_a.py::1"}))

    assert kept(failed("test_a.py::1", problem())) == forgotten
    assert kept(failed("test_a.py::1", problem()), finished("test_a.py::1", attempt=2)) == forgotten
    assert kept(finished("test_a.py::1", Outcome.SKIPPED)) == forgotten


def test_a_test_that_nobody_saw_is_forgotten() -> None:
    assert kept(finished("test_a.py::2")) == ([], frozenset({"test_a.py::2"}))


def test_of_several_attempts_everything_counts() -> None:
    again = ["test_a.py::1", {"test_a.py": ["f"]}, ["x"], ["y"], True]

    found = seen_of([LINE, again])["test_a.py::1"]

    assert found.code == {"test_a.py": ["f", "test_1"]}
    assert (found.files, found.folders, found.starts_process) == (["x"], ["y"], True)
