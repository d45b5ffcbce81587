"""Measuring commands side by side: A B C, A B C, ... so a slow moment hits all of them alike."""

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import commands
import memory
import suites
from commands import Command, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one command did, round by round."""

    label: str
    walls_s: list[float] = field(default_factory=list)
    setups: list[int] = field(default_factory=list)
    peaks_bytes: list[int] = field(default_factory=list)

    @property
    def wall_s(self) -> float:
        """The median of its wall times."""
        return statistics.median(self.walls_s)

    @property
    def most_setups(self) -> int:
        """The highest number of module fixtures set up in any round."""
        return max(self.setups, default=0)

    @property
    def peak_bytes(self) -> float | None:
        """The median of its peaks; None if memory was not measured."""
        return statistics.median(self.peaks_bytes) if self.peaks_bytes else None

    def ratio(self, other: "Measured") -> float:
        """Median of the ratios to another command's time in the same round."""
        pairs = zip(self.walls_s, other.walls_s, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def measure(
    project: Project, compared: Sequence[Command], *, rounds: int, memory_rounds: int
) -> list[Measured]:
    """One warm-up of each command, then the rounds; then others for memory.

    Raises: BrokenRunError.
    """
    results = [Measured(label=command.label) for command in compared]
    for number in range(rounds + 1):
        _progress(project.name, _which(number, rounds))
        for command, result in zip(compared, results, strict=True):
            wall_s, setups = _once(command, project)
            if number > 0:
                result.walls_s.append(wall_s)
                result.setups.append(setups)
    for number in range(memory_rounds if memory.is_measurable() else 0):
        _progress(project.name, f"memory, round {number + 1} of {memory_rounds}")
        for command, result in zip(compared, results, strict=True):
            with memory.PeakMemory() as sampled:
                _once(command, project)
            result.peaks_bytes.append(sampled.peak_bytes)
    return results


def take_turns(
    name: str, jobs: Mapping[str, Callable[[], float]], *, rounds: int
) -> list[Measured]:
    """The same for what is not one command: each job returns the seconds that it took."""
    results = [Measured(label=label) for label in jobs]
    for number in range(rounds + 1):
        _progress(name, _which(number, rounds))
        for job, result in zip(jobs.values(), results, strict=True):
            wall_s = job()
            if number > 0:
                result.walls_s.append(wall_s)
    return results


def _which(number: int, rounds: int) -> str:
    return f"round {number} of {rounds}" if number else "warm-up"


def _once(command: Command, project: Project) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "setups"
        variables = {suites.SETUP_LOG: str(log)}
        finished = commands.run_to_the_end(command, project, variables=variables)
        setups = len(log.read_text().splitlines()) if log.exists() else 0
        return finished.wall_s, setups


def _progress(name: str, what: str) -> None:
    print(f"{name}: {what}", file=sys.stderr, flush=True)
