"""What differs between a run and the one before: no more than a person wants to be told."""

from collections.abc import Mapping, Sequence

from handrail.core.folding import is_bad, last_attempts
from handrail.frozen import dataclass
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.model.records import RunRecord

SLOWER_TIMES = 1.5
SLOWER_S = 0.1
"""A test counts as slower or faster if it is so by this factor and by this many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Node ids, each in the order of the run that it was found in; the slowest change first."""

    failing: Sequence[str]
    """Bad now, and not bad before."""
    fixed: Sequence[str]
    """Bad before, and good now."""
    slower: Sequence[tuple[str, float, float]]
    """Test, seconds before, seconds now."""
    faster: Sequence[tuple[str, float, float]]
    added: Sequence[str]
    removed: Sequence[str]


def compare(before: RunRecord, now: RunRecord) -> Comparison:
    """What changed from ``before`` to ``now``. A skip is neither good nor bad."""
    old, new = last_attempts(before), last_attempts(now)
    both = [test for test in new if test in old]
    changes = [(test, old[test].duration_s, new[test].duration_s) for test in both]
    slower = [(test, was, took) for test, was, took in changes if _is_longer(took, than=was)]
    faster = [(test, was, took) for test, was, took in changes if _is_longer(was, than=took)]
    is_known = _planned(before)
    is_planned = _planned(now)
    return Comparison(
        failing=[t for t in new if is_bad(new[t]) and not (t in old and is_bad(old[t]))],
        fixed=[t for t in both if is_bad(old[t]) and _is_good(new[t])],
        slower=sorted(slower, key=lambda each: each[1] - each[2]),
        faster=sorted(faster, key=lambda each: each[2] - each[1]),
        added=[test for test in is_planned if test not in is_known],
        removed=[test for test in is_known if test not in is_planned],
    )


def _is_good(attempt: TestFinished) -> bool:
    return not is_bad(attempt) and attempt.outcome is not Outcome.SKIPPED


def _is_longer(took_s: float, *, than: float) -> bool:
    return took_s >= than * SLOWER_TIMES and took_s >= than + SLOWER_S


def _planned(record: RunRecord) -> Mapping[str, None]:
    tests = record.collected.tests if record.collected else ()
    return dict.fromkeys([*tests, *(each.test for each in record.finished)])
