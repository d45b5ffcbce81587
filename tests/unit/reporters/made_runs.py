"""Runs for tests of reports, and a way to compare text with a golden file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handrail.core.causes import Cause, Label, causes
from handrail.core.folding import fold
from handrail.core.verdicts import Judgement, judge
from handrail.frozen import replace
from handrail.model.events import (
    Collected,
    CollectionFailed,
    Event,
    Note,
    RunProblem,
    RunStarted,
    SessionFinished,
    TestFinished,
    Withheld,
    WorkerLost,
)
from handrail.model.outcomes import Frame, Outcome, Phase, Problem, ProblemKind, Verdict
from handrail.model.quarantine import Quarantined
from handrail.model.records import RunRecord

GOLDEN = Path(__file__).parents[2] / "golden"

CHAOS = Withheld(
    tier="chaos",
    count=6,
    reason="gate destructive is closed: a person opens it",
    gate="destructive",
    open_with="handrail allow destructive",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A run with everything that reports are made of."""

    record: RunRecord
    judgement: Judgement
    causes: Sequence[Cause]
    labels: dict[str, Label]


def reported(*events: Event, label: Label = Label.NEW) -> Reported:
    record = fold(events)
    found = causes(record)
    return Reported(
        record=record,
        judgement=judge(record),
        causes=found,
        labels={each.id: label for each in found},
    )


def started(
    *,
    at: float = 1_700_000_000.0,
    tiers: tuple[str, ...] = ("fast",),
    budget_s: float | None = 60.0,
) -> RunStarted:
    env = {"python": "3.11.7", "pytest": "8.4.1"}
    return RunStarted(at=at, run_id="7k2f", tiers=tiers, place="local", budget_s=budget_s, env=env)


def attempt(
    test: str,
    outcome: Outcome = Outcome.PASSED,
    *problems: Problem,
    at: float = 1_700_000_002.0,
    number: int = 1,
    reason: str = "",
) -> TestFinished:
    return TestFinished(
        at=at,
        test=test,
        outcome=outcome,
        duration_s=0.25,
        started_at=at - 0.25,
        attempt=number,
        reason=reason,
        problems=problems,
    )


def planned(tests: Sequence[str], *withheld: Withheld) -> Collected:
    return Collected(at=1_700_000_001.0, tests=tuple(tests), withheld=withheld)


def over(pytest_exit: int, at: float = 1_700_000_012.4) -> SessionFinished:
    return SessionFinished(at=at, pytest_exit=pytest_exit)


def green(count: int = 318, *withheld: Withheld) -> Reported:
    tests = [f"tests/unit/test_m{index % 7}.py::test_{index}" for index in range(count)]
    return reported(started(), planned(tests, *withheld), *map(attempt, tests), over(0))


NO_DSN = Problem(
    kind=ProblemKind.EXCEPTION,
    phase=Phase.SETUP,
    exception="TypeError",
    message="'NoneType' object is not subscriptable",
    path="tests/conftest.py",
    line=31,
    frames=(
        Frame(path="tests/it/test_orders.py", line=12, function="orders", source="dsn(cfg)"),
        Frame(
            path="tests/conftest.py",
            line=31,
            function="dsn",
            source='    return cfg["dsn"]',
            locals=(("cfg", "None"),),
        ),
    ),
    chain=("KeyError: 'DATABASE'",),
    text="""\
    @pytest.fixture
    def dsn(cfg):
>       return cfg["dsn"]
E       TypeError: 'NoneType' object is not subscriptable

tests/conftest.py:31: TypeError""",
    sections=(("Captured stdout setup", "".join(f"connecting, try {n}\n" for n in range(1, 15))),),
)
WRONG_TOTAL = Problem(
    kind=ProblemKind.ASSERTION,
    phase=Phase.CALL,
    exception="AssertionError",
    message="assert {'total': 3} == {'total': 4}\n  Differing items:\n  {'total': 3} != {'total': 4}",
    path="tests/it/test_totals.py",
    line=8,
    frames=(
        Frame(
            path="tests/it/test_totals.py",
            line=8,
            function="test_total",
            source="    assert total(order) == {'total': 4}",
            locals=(
                ("order", "Order(lines=[Line(1), Line(2)], customer='somebody with a long name')"),
            ),
        ),
    ),
    text="""\
    def test_total():
>       assert total(order) == {'total': 4}
E       AssertionError: assert {'total': 3} == {'total': 4}
E         - {'total': 4}
E         + {'total': 3}

tests/it/test_totals.py:8: AssertionError""",
)
HANGS = Problem(
    kind=ProblemKind.TIMEOUT,
    phase=Phase.CALL,
    message="took more than 10s",
    path="tests/it/test_slow.py",
    line=4,
    text="".join(
        f'Thread 0x{thread} (most recent call first):\n  File "pool.py", line {thread} in wait\n'
        for thread in range(20)
    ),
)
BROKEN_MODULE = Problem(
    kind=ProblemKind.COLLECTION,
    phase=Phase.COLLECT,
    exception="SyntaxError",
    message="invalid syntax",
    path="tests/it/test_broken.py",
    line=2,
    text='E     File "tests/it/test_broken.py", line 2\nE       def (:\nE   SyntaxError: invalid syntax',
)


def red() -> Reported:
    """Two failures with a cause each, one that hangs, a broken module, a flaky test, and more."""
    passing = [f"tests/unit/test_m.py::test_{index}" for index in range(20)]
    orders = [
        f"tests/it/test_orders.py::test_{word}"
        for word in ("refund", "cancel", "list", "pay", "ship", "return")
    ]
    late = "tests/net/test_api.py::test_get"
    return reported(
        started(tiers=("integration",), budget_s=300.0),
        planned(
            [
                *passing,
                *orders,
                late,
                "tests/it/test_totals.py::test_total",
                "tests/it/test_slow.py::test_wait[a b]",
                "tests/unit/test_m.py::test_never",
            ],
            CHAOS,
        ),
        CollectionFailed(at=1_700_000_001.5, node="tests/it/test_broken.py", problem=BROKEN_MODULE),
        *map(attempt, passing),
        *(attempt(test, Outcome.ERROR, NO_DSN) for test in orders),
        attempt("tests/it/test_totals.py::test_total", Outcome.FAILED, WRONG_TOTAL),
        attempt("tests/it/test_slow.py::test_wait[a b]", Outcome.FAILED, HANGS),
        attempt(late, Outcome.FAILED, WRONG_TOTAL),
        attempt(late, number=2),
        WorkerLost(
            at=1_700_000_003.0,
            worker="w2",
            reason="killed by SIGKILL",
            test="tests/it/test_slow.py::test_wait[a b]",
        ),
        Note(
            at=1_700_000_004.0,
            text="3 tests made the process grow by 40 MiB",
            code="growth",
            is_warning=True,
        ),
        Note(at=1_700_000_004.0, text="collected by 4 workers", code="spawn"),
        over(1, at=1_700_000_221.0),
    )


def budget_exceeded() -> Reported:
    """Cut off by its budget, without a failing test."""
    tests = [f"tests/test_m.py::test_{index}" for index in range(10)]
    return reported(
        started(),
        planned(tests),
        *map(attempt, tests[:4]),
        RunProblem(
            at=1_700_000_061.0,
            verdict=Verdict.TIMED_OUT,
            code="budget",
            message="the budget of 60s is used up",
            fix="raise tiers.fast.budget, or run less",
        ),
    )


def nothing_selected() -> Reported:
    return reported(started(tiers=("chaos",)), planned([], CHAOS), over(5))


def quarantined(*, is_expired: bool = False) -> Reported:
    """One test passed, one failed that is in quarantine."""
    entry = Quarantined(
        test="tests/it/test_totals.py::test_total",
        reason="rounds <down>; issue 77",
        owner="billing",
        expires="2026-12-05",
        is_expired=is_expired,
    )
    tests = ["tests/unit/test_m0.py::test_0", entry.test]
    return reported(
        replace(started(), quarantine=(entry,)),
        planned(tests),
        attempt(tests[0]),
        attempt(entry.test, Outcome.FAILED, WRONG_TOTAL),
        over(0),
    )


def assert_golden(name: str, text: str) -> None:
    """Compare with the file of that name; ``HANDRAIL_ACCEPT=1`` writes it instead."""
    path = GOLDEN / name
    if os.environ.get("HANDRAIL_ACCEPT") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
