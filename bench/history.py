"""What history costs with two million attempts in it: rates of every test, one test, saving a run.

    python bench/history.py [--tests 20000] [--runs 100]

The times are the best of five, in a process that has read the file once. Saving is set against a run
of the same tests: how long it takes them at ``--test-ms`` each on two workers.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from handrail.core.flakiness import assess, failure_rate
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.ports.history import RunRow
from handrail.store.sqlite_history import SqliteHistory

LAST = 100


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--flaky", type=float, default=0.01, help="share of tests that are flaky")
    parser.add_argument("--test-ms", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        history = SqliteHistory(Path(folder) / "history.db")
        chance = random.Random(1)
        names = [f"tests/test_{n // 50}.py::test_case_{n % 50}" for n in range(options.tests)]
        flaky = frozenset(chance.sample(names, round(options.tests * options.flaky)))
        saves_s = []
        for number in range(options.runs):
            attempts = _attempts(names, flaky, chance)
            began = time.perf_counter()
            history.save(_run(number), attempts)
            saves_s.append(time.perf_counter() - began)
        size_mib = history.path.stat().st_size / 1024**2
        print(
            f"{options.tests * options.runs:,} attempts, {size_mib:.0f} MiB, {len(flaky)} flaky tests"
        )
        _row("rates of every test", _best(lambda: rates(history)), "<= 0.5 s")
        one = min(flaky)
        _row("one test", _best(lambda: _one(history, one)), "<= 0.02 s")
        last_s = sorted(saves_s[-5:])[2]
        run_s = options.tests * options.test_ms / 1000 / 2
        _row(f"saving a run of {run_s:.0f} s", last_s, f"{last_s / run_s:.1%} of it; <= 2 %")
        print(f"first save {saves_s[0]:.3f} s, last {saves_s[-1]:.3f} s")


def rates(history: SqliteHistory) -> dict[str, tuple[float, float, float]]:
    """The failure rate of every test with its interval."""
    known = history.attempts()
    failing = history.failing(last=LAST)
    same = {
        count: failure_rate([False] * count) for count in {min(n, LAST) for n in known.values()}
    }
    found = {test: same[min(count, LAST)] for test, count in known.items()}
    for test, seen in failing.items():
        assessed = assess(test, seen.outcomes, seen.codes)
        found[test] = (assessed.rate, assessed.low, assessed.high)
    return found


def _one(history: SqliteHistory, test: str) -> object:
    seen = history.seen([test], last=LAST)[test]
    return assess(test, seen.outcomes, seen.codes)


def _best(work: Callable[[], object]) -> float:
    found = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def _row(what: str, seconds: float, wanted: str) -> None:
    print(f"{what:<28} {seconds:8.4f} s   {wanted}")


def _attempts(names: list[str], flaky: frozenset[str], chance: random.Random) -> list[TestFinished]:
    return [
        TestFinished(
            at=0.0,
            test=name,
            outcome=Outcome.FAILED if name in flaky and chance.random() < 0.05 else Outcome.PASSED,
            duration_s=0.01,
            phases=(0.001, 0.008, 0.001),
            worker="gw0",
        )
        for name in names
    ]


def _run(number: int) -> RunRow:
    return RunRow(
        run_id=f"r{number}",
        started_at=float(number),
        ended_at=number + 1.0,
        verdict="passed",
        tiers="fast",
        workers=2,
        python="3.11.7",
        commit=f"{number // 3:040x}",
        is_dirty=False,
    )


if __name__ == "__main__":
    main()
