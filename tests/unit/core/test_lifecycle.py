"""The states of a run: which moves there are, and what the events tell."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import STARTED, collected, ended, failed, finished, trouble

from handrail.core.folding import Folding
from handrail.core.lifecycle import NEXT, RunMove, RunState, advance, state_of
from handrail.model.events import Event, RunFinished
from handrail.model.outcomes import Verdict

CONCLUDED = RunFinished(at=105.0, verdict=Verdict.PASSED, exit_code=0)
LEGAL = {
    ("preparing", "collect"): "running",
    ("preparing", "end"): "finishing",
    ("preparing", "lose"): "lost",
    ("running", "end"): "finishing",
    ("running", "lose"): "lost",
    ("finishing", "conclude"): "finished",
    ("finishing", "lose"): "lost",
    ("lost", "conclude"): "finished",
}
moves = st.lists(st.sampled_from(RunMove), max_size=12)
events = st.lists(
    st.sampled_from(
        [
            collected("a", "b"),
            finished("a"),
            failed("b"),
            trouble(Verdict.TIMED_OUT),
            ended(),
            CONCLUDED,
        ]
    ),
    max_size=8,
)


def told(*events: Event) -> RunState:
    folding = Folding()
    for event in (STARTED, *events):
        folding.add(event)
    return state_of(folding)


@pytest.mark.parametrize(("state", "move"), [*itertools.product(RunState, RunMove)])
def test_a_legal_move_leads_on_and_any_other_leaves_the_state(
    state: RunState, move: RunMove
) -> None:
    assert advance(state, move) == LEGAL.get((state.value, move.value), state.value)


def test_the_table_has_a_row_for_every_state() -> None:
    assert set(NEXT) == set(RunState)


@given(moves)
def test_nothing_leaves_finished(each: list[RunMove]) -> None:
    state = RunState.FINISHED
    for move in each:
        state = advance(state, move)

    assert state is RunState.FINISHED


@given(moves)
def test_no_run_is_finished_before_it_has_ended_or_was_lost(each: list[RunMove]) -> None:
    state = RunState.PREPARING
    passed = [state := advance(state, move) for move in each]

    before = passed[: passed.index(RunState.FINISHED)] if RunState.FINISHED in passed else passed
    assert RunState.FINISHED not in passed or {RunState.FINISHING, RunState.LOST} & {*before}


@pytest.mark.parametrize("state", RunState)
def test_every_state_can_still_become_finished(state: RunState) -> None:
    reached = {state}
    while more := {after for each in reached for after in NEXT[each].values()} - reached:
        reached |= more

    assert RunState.FINISHED in reached


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), RunState.PREPARING),
        ((trouble(Verdict.TIMED_OUT),), RunState.PREPARING),
        ((collected("a"),), RunState.RUNNING),
        ((collected("a"), finished("a")), RunState.RUNNING),
        ((collected("a"), finished("a"), ended()), RunState.FINISHING),
        ((ended(4),), RunState.FINISHING),
        ((collected("a"), finished("a"), ended(), CONCLUDED), RunState.FINISHED),
        ((ended(4), CONCLUDED), RunState.FINISHED),
    ],
)
def test_the_events_tell_how_far_a_run_has_come(
    events: tuple[Event, ...], expected: RunState
) -> None:
    assert told(*events) is expected


@pytest.mark.parametrize("before", [(), (collected("a"),), (collected("a"), finished("a"))])
def test_a_verdict_ends_a_run_whose_session_never_did(before: tuple[Event, ...]) -> None:
    assert told(*before, CONCLUDED) is RunState.FINISHED


@given(events)
def test_with_more_events_a_run_never_goes_back(each: list[Event]) -> None:
    order = [RunState.PREPARING, RunState.RUNNING, RunState.FINISHING, RunState.FINISHED]

    states = [told(*each[:number]) for number in range(len(each) + 1)]

    assert states == sorted(states, key=order.index)
