"""What is seen while tests run."""

import io
import itertools
import sys

import pytest
from made_runs import attempt, planned, started

from handrail.core.folding import Folding
from handrail.core.text import plain
from handrail.model.events import Progress, Running
from handrail.model.outcomes import Outcome
from handrail.reporters.live import (
    Heartbeat,
    RichView,
    StatusLine,
    bar,
    live,
    running_lines,
    status_line,
)

START = 1_700_000_000.0


def half_way(*running: Running) -> Folding:
    folding = Folding()
    tests = [f"a.py::t{index}" for index in range(10)]
    done = [attempt(test) for test in tests[:4]]
    bad = attempt("a.py::t4", Outcome.FAILED)
    signs = Progress(at=START + 10, running=running)
    for event in (started(), planned(tests), *done, bad, signs):
        folding.add(event)
    return folding


SLOW = Running(test="a.py::t5", for_s=20.0, worker="w1", usual_s=2.0)
QUICK = Running(test="a.py::t6", for_s=1.0, worker="w2", usual_s=2.0)
UNKNOWN = Running(test="a.py::t7", for_s=6.0, worker="w3")


def heard(folding: Folding, ticks: list[float]) -> list[tuple[float, str]]:
    """When something was printed, and what."""
    stream = io.StringIO()
    heartbeat = Heartbeat(folding, stream)
    found = []
    for tick in ticks:
        before = len(stream.getvalue())
        heartbeat.tick(START + tick)
        if stream.getvalue()[before:]:
            found.append((tick, stream.getvalue()[before:]))
    return found


def test_a_heartbeat_tells_counts_failures_time_left_and_what_runs() -> None:
    ((_, line),) = heard(half_way(SLOW, QUICK, UNKNOWN), [2.0, 10.0])

    assert line == (
        "5/10 tests, 1 failed, 10s, about 9s left (pace); "
        "20s a.py::t5 SLOW (usually 2s); 6s a.py::t7 SLOW; +1 more running\n"
    )


@pytest.mark.parametrize("step_s", [0.1, 0.5, 1.0, 3.0, 5.0, 7.9])
def test_silence_never_lasts_longer_than_eight_seconds(step_s: float) -> None:
    ticks = [step_s * index for index in range(int(60 / step_s))]

    times = [0.0, *(at for at, _ in heard(half_way(), ticks)), ticks[-1]]

    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) <= 8.0 + 1e-6


def test_frequent_ticks_do_not_make_it_talkative() -> None:
    found = heard(half_way(), [index / 10 for index in range(600)])

    assert len(found) <= 8


def test_a_short_run_says_nothing() -> None:
    assert heard(half_way(), [0.0, 1.0, 2.0, 3.0]) == []


def test_a_heartbeat_has_no_terminal_codes_even_if_a_test_is_named_after_one() -> None:
    nasty = Running(test="a.py::t[\x1b[31m\n]", for_s=1.0, worker="w")

    ((_, line),) = heard(half_way(nasty), [0.0, 8.0])

    assert "\x1b" not in line
    assert line.count("\n") == 1


def test_before_the_plan_is_known_it_says_collecting() -> None:
    folding = Folding()
    folding.add(started())

    assert status_line(folding.progress(), START + 3) == "collecting, 3s"


def test_running_tests_are_shown_longest_first_with_what_is_omitted() -> None:
    standing = half_way(QUICK, SLOW, UNKNOWN).progress()

    assert running_lines(standing, START + 10, limit=1) == [
        "20s a.py::t5 SLOW (usually 2s)",
        "+2 more running",
    ]


def test_running_tests_grow_older_between_signs_of_life() -> None:
    standing = half_way(QUICK).progress()

    assert running_lines(standing, START + 15) == ["6s a.py::t6"]


def test_without_rich_a_terminal_gets_one_line_that_is_drawn_over_and_removed() -> None:
    stream = io.StringIO()

    with StatusLine(half_way(SLOW), stream, width=40) as view:
        view.tick(START + 10)
        view.tick(START + 10.05)
        view.tick(START + 11)

    first, second, end = stream.getvalue().split("\r")[1:]
    assert first == "5/10 tests, 1 failed, 10s, about 9s lef\x1b[K"
    assert second == "5/10 tests, 1 failed, 11s, about 10s le\x1b[K"
    assert end == "\x1b[K"


def test_a_line_that_was_never_drawn_is_not_removed() -> None:
    stream = io.StringIO()

    with StatusLine(half_way(), stream, width=40):
        pass

    assert stream.getvalue() == ""


def test_with_rich_a_terminal_shows_progress_and_running_tests() -> None:
    stream = io.StringIO()

    with RichView(half_way(SLOW, UNKNOWN), stream, width=100, is_coloured=False) as view:
        view.tick(START + 10)

    assert (
        "[##########----------] 5/10 tests, 1 failed, 10s, about 9s left (pace)"
        in stream.getvalue()
    )
    assert "20s a.py::t5 SLOW (usually 2s)" in plain(stream.getvalue())


def test_rich_starts_no_thread_because_the_controller_forks() -> None:
    import threading

    before = threading.active_count()

    with RichView(half_way(), io.StringIO(), width=80, is_coloured=True) as view:
        view.tick(START + 10)
        during = threading.active_count()

    assert during == before


def test_the_view_fits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    folding, stream = half_way(), io.StringIO()

    assert isinstance(live(folding, stream, is_terminal=False), Heartbeat)
    assert isinstance(live(folding, stream, is_terminal=True), RichView)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert isinstance(live(folding, stream, is_terminal=True), StatusLine)


def test_a_stream_that_cannot_print_a_name_gets_it_spelled_out() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    heartbeat = Heartbeat(half_way(Running(test="a.py::t[é]", for_s=1.0, worker="w")), stream)

    heartbeat.tick(START)
    heartbeat.tick(START + 8)

    assert rb"a.py::t[\xe9]" in raw.getvalue()


@pytest.mark.parametrize(
    ("done", "total", "expected"),
    [(0, None, ""), (0, 4, "[----]"), (1, 4, "[#---]"), (4, 4, "[####]"), (9, 4, "[####]")],
)
def test_a_bar_is_as_full_as_the_run_is_done(done: int, total: int | None, expected: str) -> None:
    assert bar(done, total, width=4) == expected
