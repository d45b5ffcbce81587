"""The case about memory: what the two processes need that a run keeps beside its tests."""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

import background
import cases
import memory
import targets
from background import Background
from cases import CaseResult, Effort
from commands import Project

MIB = 1 << 20
ROLES = {"owner": "supervisor", "keeper": "keeper"}
"""Their words in ``state.json``, and in figures."""
Sizes = Mapping[tuple[str, str], int]
"""Bytes by role and kind."""


def peaks(effort: Effort) -> list[CaseResult]:
    """The supervisor of a run of 10,000 tests that nobody watches, and its keeper, at their peaks."""
    with cases.generated("trivial") as project:
        _peaks(project, effort.workers)  # from now on there is a history, as there mostly is
        rounds = [_peaks(project, effort.workers) for _ in range(max(1, effort.memory_rounds))]
    figures = [
        targets.figure("supervisor", f"{name}, {kind}, MiB", _median(rounds, role, kind) / MIB)
        for role, name in ROLES.items()
        for kind in memory.KINDS
    ]
    return [CaseResult(name="supervisor", measured=(), figures=figures)]


def _median(rounds: Sequence[Sizes], role: str, kind: str) -> float:
    return statistics.median(highest[role, kind] for highest in rounds)


def _peaks(project: Project, workers: int) -> Sizes:
    highest: dict[tuple[str, str], int] = defaultdict(int)
    with background.started(project, workers) as run:
        run.wait_for_end(lambda: _sample(run, highest))
        assert run.verdict_at
    return highest


def _sample(run: Background, highest: dict[tuple[str, str], int]) -> None:
    state = run.state
    for role in ROLES:
        if role in state:  # the keeper is not there from the beginning
            for kind, size in memory.sizes(state[role]["pid"]).items():
                highest[role, kind] = max(highest[role, kind], size)
