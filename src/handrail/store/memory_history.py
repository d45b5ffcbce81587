"""A history that ends with its process: for tests, and where nothing can be written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.ports.history import RunRow, Seen
from handrail.store.summaries import KEPT, middle


@dataclass(slots=True)
class MemoryHistory:
    """Keeps every attempt and computes each answer from all of them: the oracle of the others."""

    _saved: list[tuple[RunRow, tuple[TestFinished, ...]]] = field(default_factory=list, init=False)
    _forgotten: int = field(default=0, init=False)
    """How many attempts, the oldest, are only remembered as part of the whole."""

    def durations(self) -> Mapping[str, float]:
        """Usual wall seconds of each test known, by node id."""
        return {test: _usual_s(attempts) for test, attempts in self._usual().items()}

    def last_failed(self) -> frozenset[str]:
        """Node ids whose newest attempt was bad."""
        return frozenset(
            test for test, attempts in self._usual().items() if attempts[-1][1].outcome.is_bad
        )

    def seen(self, tests: Iterable[str], *, last: int = 10) -> Mapping[str, Seen]:
        """The newest ``last`` outcomes of each of these tests; a test never seen is absent."""
        by_test = self._by_test(from_attempt=self._forgotten)
        return {
            test: Seen(
                outcomes=tuple(attempt.outcome.value for _, attempt in newest),
                commits=tuple(run.commit for run, _ in newest),
                dirty=tuple(run.is_dirty for run, _ in newest),
                codes=tuple(run.code for run, _ in newest),
                services=tuple(run.services for run, _ in newest),
            )
            for test in tests
            if (newest := by_test.get(test, [])[::-1][:last])
        }

    def failing(self, *, last: int = 100) -> Mapping[str, Seen]:
        """As ``seen``, of every test that has a bad attempt still kept."""
        kept = self._by_test(from_attempt=self._forgotten)
        bad = [test for test, found in kept.items() if any(e.outcome.is_bad for _, e in found)]
        return self.seen(bad, last=last)

    def attempts(self) -> Mapping[str, int]:
        """How many attempts at each test ever ran; skips are not counted."""
        return {
            test: sum(each.outcome is not Outcome.SKIPPED for _, each in attempts)
            for test, attempts in self._by_test().items()
        }

    def forget(self, before: float, *, most: int | None = None) -> int:
        """Drop the attempts of runs that ended before that time, the oldest first."""
        old = 0
        for run, attempts in self._saved[:-1]:
            if run.ended_at >= before:
                break
            old += len(attempts)
        fresh = max(0, old - self._forgotten)
        dropped = fresh if most is None else min(most, fresh)
        self._forgotten += dropped
        return dropped

    def usual_run_s(self, tiers: str, workers: int, selection: str = "") -> float | None:
        """Median wall seconds of the last five complete runs like this one."""
        alike = [
            run.ended_at - run.started_at
            for run, _ in self._saved
            if (run.tiers, run.workers, run.selection) == (tiers, workers, selection)
            and not run.is_partial
            and run.verdict in {"passed", "failed"}
        ]
        return middle(alike[-KEPT:]) if alike else None

    def save(self, run: RunRow, attempts: Sequence[TestFinished]) -> str:
        """Keep one run and its attempts."""
        self._saved.append((run, tuple(attempts)))
        return ""

    def runs(self, *, last: int = 20) -> Sequence[RunRow]:
        """The newest runs, newest first."""
        return [run for run, _ in self._saved[::-1][:last]]

    def _usual(self) -> dict[str, list[tuple[RunRow, TestFinished]]]:
        """Without runs apart."""
        return {
            test: usual
            for test, attempts in self._by_test().items()
            if (usual := [(run, each) for run, each in attempts if not run.is_apart])
        }

    def _by_test(self, *, from_attempt: int = 0) -> dict[str, list[tuple[RunRow, TestFinished]]]:
        by_test: defaultdict[str, list[tuple[RunRow, TestFinished]]] = defaultdict(list)
        saved = [(run, attempt) for run, attempts in self._saved for attempt in attempts]
        for run, attempt in saved[from_attempt:]:
            by_test[attempt.test].append((run, attempt))
        return dict(by_test)


def _usual_s(attempts: Sequence[tuple[RunRow, TestFinished]]) -> float:
    ran = [each.duration_s for _, each in attempts if each.outcome is not Outcome.SKIPPED]
    return middle(ran[-KEPT:]) if ran else attempts[-1][1].duration_s
