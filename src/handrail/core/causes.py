"""What is really wrong: failures grouped by where and how they arose, never by their message."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from handrail.core.folding import is_bad, last_attempts
from handrail.core.quarantining import held_back
from handrail.frozen import dataclass, field
from handrail.model.outcomes import Phase, Problem, ProblemKind
from handrail.model.records import RunRecord

_BAD = frozenset({"failed", "error"})
_IGNORED = frozenset({"skipped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing to fix, and the tests that it costs."""

    id: str
    """``F1``, ``F2``, ...: unique within one report of one run."""
    problem: Problem
    """The first problem of its kind, whole."""
    tests: tuple[str, ...]
    """Node ids, each once, in the order in which they failed."""
    first_seen: str = ""
    """The commit at which its first test began to fail, as far as history goes back."""
    count: int
    """Problems; more than the tests where one test failed twice in the same way."""


class Label(StrEnum):
    """How this failure relates to earlier runs."""

    NEW = "new"
    """It did not fail before, as far as history goes back."""
    KNOWN = "known"
    """It failed in the previous run too."""
    FLAKY = "flaky"
    """It changes its mind."""
    QUARANTINED = "quarantined"
    """It does not count."""


@dataclass(slots=True)
class _Group:
    problem: Problem
    tests: dict[str, None] = field(default_factory=dict)
    count: int = 0


def causes(record: RunRecord) -> tuple[Cause, ...]:
    """The causes of what is bad by now: those with most tests first, then in the tests' order.

    The order does not depend on which worker was quicker.

    A test that passed in the end has none. A bad test that came without an explanation still
    belongs to one, so the tests of all causes together are exactly the bad ones.
    """
    groups: dict[tuple[object, ...], _Group] = {}
    for failure in record.collection_failures:
        _join(groups, failure.node, failure.problem)
    bad = [attempt for attempt in last_attempts(record).values() if is_bad(attempt)]
    if bad and record.collected is not None:
        place = {test: index for index, test in enumerate(record.collected.tests)}
        bad.sort(key=lambda attempt: place.get(attempt.test, -1))
    for attempt in bad:
        for problem in attempt.problems or (_UNEXPLAINED,):
            _join(groups, attempt.test, problem)
    excused = {each.attempt.test for each in held_back(record)}
    ordered = sorted(
        groups.values(), key=lambda group: (excused.issuperset(group.tests), -len(group.tests))
    )
    return tuple(
        Cause(id=f"F{index}", problem=group.problem, tests=tuple(group.tests), count=group.count)
        for index, group in enumerate(ordered, start=1)
    )


_UNEXPLAINED = Problem(
    kind=ProblemKind.EXCEPTION, phase=Phase.CALL, message="no explanation was recorded"
)


def _join(groups: dict[tuple[object, ...], _Group], test: str, problem: Problem) -> None:
    group = groups.setdefault(_key(problem), _Group(problem))
    group.tests[test] = None
    group.count += 1


def _key(problem: Problem) -> tuple[object, ...]:
    chain = tuple(link.partition(":")[0].strip() for link in problem.chain)
    return (
        problem.kind,
        problem.phase,
        problem.exception,
        problem.path,
        problem.line,
        chain,
    )


def label(outcomes: Sequence[str]) -> Label:
    """What a test that fails now is, given its earlier outcomes, newest first.

    Skips say nothing and are passed over. One change, from good to bad, is a regression; a second
    one means that the outcome does not depend on the code alone.
    """
    verdicts = [True, *(each in _BAD for each in outcomes if each not in _IGNORED)]
    changes = sum(one != other for one, other in itertools.pairwise(verdicts))
    if changes >= 2:
        return Label.FLAKY
    return Label.KNOWN if len(verdicts) > 1 and verdicts[1] else Label.NEW


def first_seen(outcomes: Sequence[str], commits: Sequence[str], here: str) -> str:
    """The commit at which a test that fails ``here`` began to, given earlier attempts, newest first.

    Of one that changes its mind, the commit of the oldest failure known.
    """
    ran = [each for each in zip(outcomes, commits, strict=True) if each[0] not in _IGNORED]
    if label(outcomes) is Label.FLAKY:
        bad = [commit for outcome, commit in ran if outcome in _BAD]
    else:
        bad = [commit for _, commit in itertools.takewhile(lambda each: each[0] in _BAD, ran)]
    return next((commit for commit in reversed(bad) if commit), here)


def labels(
    found: Sequence[Cause],
    outcomes: Mapping[str, Sequence[str]],
    excused: Collection[str] = (),
) -> Mapping[str, Label]:
    """The label of each cause, by its id. ``outcomes``: earlier ones by test, newest first.

    A cause is new as soon as one of its tests is, and flaky only if all of them are. ``excused``:
    tests in quarantine; only if there is no other is the cause.
    """
    return {
        cause.id: _of_all(
            [
                Label.QUARANTINED if test in excused else label(outcomes.get(test, ()))
                for test in cause.tests
            ]
        )
        for cause in found
    }


def _of_all(found: Sequence[Label]) -> Label:
    return min(found, key=list(Label).index, default=Label.NEW)
