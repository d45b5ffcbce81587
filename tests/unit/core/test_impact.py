"""Whom a run's failure is blamed on, and what a change did to it."""

import pytest

from handrail.core.impact import Blame, Past, impact


def past(verdict: str, *, code: str = "c1", at: float = 0.0, seconds: float = 1.0, is_whole: bool = True) -> Past:  # fmt: skip
    return Past(started_at=at, seconds=seconds, verdict=verdict, stage="pr", code=code, is_whole=is_whole)  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "attempts", "blame"),
    [
        ("passed", {}, Blame.PASSED),
        ("infra_error", {"a": (("failed",), ("c1",))}, Blame.INFRASTRUCTURE),
        ("failed", {"a": (("passed", "failed"), ("c1", "c1"))}, Blame.FLAKY),
        ("failed", {"a": (("passed", "failed"), ("c2", "c1"))}, Blame.REAL),
        ("failed", {"a": (("skipped", "failed"), ("c1", "c1"))}, Blame.REAL),
        (
            "failed",
            {"a": (("passed", "error"), ("c1", "c1")), "b": (("failed",), ("c1",))},
            Blame.REAL,
        ),
        ("failed", {}, Blame.REAL),
        ("stopped", {}, Blame.NONE),
    ],
)
def test_a_run_is_blamed_on_flaky_tests_only_if_all_that_failed_also_passed_at_the_same_code(
    verdict: str, attempts: dict[str, tuple[tuple[str, ...], tuple[str, ...]]], blame: Blame
) -> None:
    found = impact([past(verdict)], attempts, None).after

    assert [each for each, count in found.counts.items() if count] == [blame]


def test_shares_are_of_the_runs_that_passed_or_failed() -> None:
    runs = [past("passed"), past("passed"), past("infra_error"), past("failed"), past("stopped")]

    found = impact(runs, {}, None).after

    assert (found.judged, found.share(Blame.INFRASTRUCTURE), found.share(Blame.PASSED)) == (4, 0.25, 0.5)  # fmt: skip


def test_before_and_after_are_apart_and_time_is_that_of_whole_runs() -> None:
    runs = [
        past("passed", at=1, seconds=60),
        past("passed", at=2, seconds=80),
        past("passed", at=2, seconds=5, is_whole=False),
        past("infra_error", at=2, seconds=500),
        past("passed", at=3, seconds=20),
    ]

    found = impact(runs, {}, 3)

    assert (found.before.usual_s, found.after.usual_s) == ({"pr": 80}, {"pr": 20})
    assert (found.before.judged, found.after.judged) == (4, 1)
    assert impact(runs, {}, 99).after.share(Blame.PASSED) is None
