"""Find what a test depends on: the search of ``core.bisecting``, answered by real trials."""

import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self

from handrail.core.bisecting import (
    Answer,
    Discovery,
    Finding,
    Kind,
    Reply,
    Search,
    Suspects,
    search,
)
from handrail.core.recorded import Recorded
from handrail.errors import UserError
from handrail.frozen import dataclass, field, replace
from handrail.model.leftovers import Leftover
from handrail.model.outcomes import Outcome, Problem
from handrail.model.trials import Found, Trial, Tried

FAILING_RUNS = 3
PASSING_RUNS = 10
"""Runs that are looked at, at most, of each kind."""
_GOOD = frozenset({Outcome.PASSED, Outcome.XPASSED, Outcome.XFAILED})


class NotCollectedError(UserError):
    """The test is not among those that may run here."""

    reference = "not-collected"

    def __init__(self, test: str, found: Found) -> None:
        broken = [f"could not be collected: {each}" for each in found.broken[:5]]
        super().__init__(
            f"{test} is not among the {len(found.tests)} tests that were collected",
            where="\n".join(broken),
            hint="name its tier or its folder behind it, or see what there is: handrail tiers",
        )


class Session(Protocol):
    """One that has collected tests, and tries whatever order of them it is asked for."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def found(self) -> Found:
        """What was collected."""
        ...

    def try_one(self, trial: Trial) -> Tried:
        """Try it, and wait."""
        ...


Begin = Callable[[Sequence[str]], Session]
"""Starts a session that collects these modules, or, of none, what it was asked about."""


@dataclass(slots=True)
class Bisection:
    """One search under way."""

    test: str
    begin: Begin
    limit_s: float | None
    most_trials: int
    on_trial: Callable[[int, int, Reply], None]
    """Told of each trial: its number, tests before the test in question, and the reply."""
    again: Callable[[Found, Finding], tuple[str, ...]]
    """The command that shows what was found."""
    _problem: Problem | None = None
    _trials: int = 0
    _began: float = field(default_factory=time.monotonic)

    def run(self, known: Iterable[Recorded]) -> Discovery:
        """Search. ``known``: earlier runs, newest first. Raises: NotCollectedError, NoTrialsError."""
        with self.begin(()) as session:
            found = session.found()
            if self.test not in found.tests:
                raise NotCollectedError(self.test, found)
            suspects = _suspects(self.test, found.tests, known)
            finding = self._played(suspects, lambda before: self._try(session, before))
            left = self._left_behind(session, finding.needed)
            finding = _with_more(finding, trials=bool(left), tests=bool(left) * (len(left) + 1))
        is_import, finding = self._by_modules(finding, found.tests)
        return Discovery(
            test=self.test,
            finding=finding,
            is_import=is_import,
            problem=self._problem,
            left=left,
            candidates=len(found.tests) - 1,
            again=self.again(found, finding),
            seconds=time.monotonic() - self._began,
        )

    def _played(self, suspects: Suspects, attempt: Callable[[Sequence[str]], Answer]) -> Finding:
        left = max(1, self.most_trials - self._trials)
        searching: Search = search(suspects, most_trials=left)
        before = next(searching)
        while True:
            answer = attempt(before)
            self._trials += 1
            self.on_trial(self._trials, len(before), answer.reply)
            try:
                before = searching.send(answer)
            except StopIteration as end:
                found: Finding = end.value
                return found

    def _try(self, session: Session, before: Sequence[str], number: int | None = None) -> Answer:
        trial = Trial(
            number=number or self._trials + 1, tests=(*before, self.test), limit_s=self.limit_s
        )
        return self._understood(session.try_one(trial))

    def _left_behind(
        self, session: Session, needed: Sequence[str]
    ) -> tuple[tuple[str, tuple[Leftover, ...]], ...]:
        """What each of these tests leaves behind for the next."""
        if not needed:
            return ()
        self._trials += 1
        trial = Trial(
            number=self._trials,
            tests=(*needed, self.test),
            limit_s=self.limit_s,
            is_watched=True,
        )
        return session.try_one(trial).left

    def _understood(self, tried: Tried) -> Answer:
        if tried.ended_by and tried.ended_by != self.test:
            return Answer(Reply.NEITHER, ended_by=tried.ended_by)
        outcome = tried.outcomes[-1][1] if tried.outcomes and not tried.ended_by else None
        if tried.ended_by or (outcome is not None and outcome.is_bad):
            self._problem = tried.problem or self._problem
            return Answer(Reply.BAD)
        return Answer(Reply.GOOD if outcome in _GOOD else Reply.NEITHER)

    # What importing alone does: all modules are imported before the first trial of a session.

    def _by_modules(self, finding: Finding, tests: Sequence[str]) -> tuple[bool, Finding]:
        """Where the order of tests says nothing, compare with a session that imports only its module."""
        if finding.kind not in {Kind.STEADY_PASS, Kind.STEADY_FAIL}:
            return False, finding
        modules = tuple(dict.fromkeys(each.partition("::")[0] for each in tests))
        own = self.test.partition("::")[0]
        others = tuple(each for each in modules if each != own)
        alone = self._import_and_try(())
        self._trials += 1
        self.on_trial(self._trials, 0, alone.reply)
        is_same = (alone.reply is Reply.GOOD) == (finding.kind is Kind.STEADY_PASS)
        if is_same or alone.reply is Reply.NEITHER:
            return False, _with_more(finding, trials=1, tests=1)
        found = self._played(Suspects(others=others), self._import_and_try)
        return True, _with_more(found, trials=finding.trials + 1, tests=finding.tests + 1)

    def _import_and_try(self, modules: Sequence[str]) -> Answer:
        """The test alone, in a session that has imported these modules and its own."""
        with self.begin((*modules, self.test.partition("::")[0])) as session:
            if self.test not in session.found().tests:
                return Answer(Reply.NEITHER)
            return self._try(session, (), number=1)


def _with_more(finding: Finding, *, trials: int, tests: int) -> Finding:
    return replace(finding, trials=finding.trials + trials, tests=finding.tests + tests)


def _suspects(test: str, tests: Sequence[str], known: Iterable[Recorded]) -> Suspects:
    there = frozenset(tests)
    failing: list[tuple[str, ...]] = []
    passing: list[tuple[str, ...]] = []
    for each in known:
        before = tuple(name for name in each.before if name in there)
        if each.outcome.is_bad and len(failing) < FAILING_RUNS:
            failing.append(before)
        elif each.outcome in _GOOD and len(passing) < PASSING_RUNS:
            passing.append(before)
    return Suspects(
        failing=tuple(failing),
        passing=tuple(passing),
        before=tuple(tests[: tests.index(test)]),
        others=tuple(each for each in tests if each != test),
    )
