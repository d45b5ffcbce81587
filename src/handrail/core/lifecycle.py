"""The states of a run, and the moves between them: one table, which nothing else repeats."""

from collections.abc import Mapping
from enum import StrEnum

from handrail.core.folding import Folding


class RunState(StrEnum):
    """How far a run has come."""

    PREPARING = "preparing"
    """pytest starts and collects."""
    RUNNING = "running"
    FINISHING = "finishing"
    """No test runs any more; the verdict is being made and kept."""
    FINISHED = "finished"
    LOST = "lost"
    """Nobody is left who could finish it."""


class RunMove(StrEnum):
    """What brings a run from one state to another."""

    COLLECT = "collect"
    END = "end"
    """pytest's session is over, however it ended."""
    CONCLUDE = "conclude"
    LOSE = "lose"
    """Its supervisor is gone."""


_S, _M = RunState, RunMove

NEXT: Mapping[RunState, Mapping[RunMove, RunState]] = {
    _S.PREPARING: {_M.COLLECT: _S.RUNNING, _M.END: _S.FINISHING, _M.LOSE: _S.LOST},
    _S.RUNNING: {_M.END: _S.FINISHING, _M.LOSE: _S.LOST},
    _S.FINISHING: {_M.CONCLUDE: _S.FINISHED, _M.LOSE: _S.LOST},
    _S.FINISHED: {},
    _S.LOST: {_M.CONCLUDE: _S.FINISHED},
}


def advance(state: RunState, move: RunMove) -> RunState:
    """The state after a move; the same one where the table has no such move."""
    return NEXT[state].get(move, state)


def state_of(folding: Folding) -> RunState:
    """How far the events tell that a run has come."""
    state = RunState.PREPARING
    for move, has_happened in (
        (RunMove.COLLECT, folding.is_collected),
        (RunMove.END, folding.has_ended),
        (RunMove.CONCLUDE, folding.is_concluded),
    ):
        if has_happened:
            state = advance(state, move)
    return state
