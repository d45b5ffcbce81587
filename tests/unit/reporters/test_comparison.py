"""What a person and a script are told of the difference between two runs."""

from made_events import STARTED, collected, failed, finished

from handrail.core.folding import fold
from handrail.frozen import replace
from handrail.model.records import RunRecord
from handrail.reporters.comparison import document, text
from handrail.reporters.html.comparing import compare

BEFORE = fold(
    [
        STARTED,
        collected("a", "b", "gone"),
        failed("a"),
        replace(finished("b"), duration_s=1.0),
        finished("gone"),
    ]
)
NOW = fold(
    [
        replace(STARTED, run_id="9c1d"),
        collected("a", "b", "new"),
        finished("a"),
        replace(failed("b"), duration_s=3.0),
        finished("new"),
    ]
)


def told(before: RunRecord, now: RunRecord) -> str:
    return text(before, now, compare(before, now))


def test_each_kind_of_change_has_its_block() -> None:
    assert (
        told(BEFORE, NOW)
        == """\
from 7k2f to 9c1d: 1 newly failing, 1 fixed, 1 slower, 1 added, 1 removed

newly failing:
  b

fixed:
  a

slower:
  b  1s -> 3s

added:
  new

removed:
  gone"""
    )


def test_equal_runs_do_not_differ() -> None:
    assert told(NOW, NOW) == "from 9c1d to 9c1d: no difference"


def test_a_script_gets_every_change() -> None:
    many = fold([STARTED, collected(*map(str, range(100))), *(failed(str(n)) for n in range(100))])

    found = document(BEFORE, many, compare(BEFORE, many))

    assert len(found["failing"]) == 100
    assert "+80 more" in told(BEFORE, many)
    assert found["removed"] == ["a", "b", "gone"]
    changed = document(BEFORE, NOW, compare(BEFORE, NOW))
    assert changed["slower"] == [{"test": "b", "before_s": 1.0, "duration": 3.0}]
