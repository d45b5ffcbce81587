"""Trials: tests that one fresh process runs one after the other, to see what becomes of the last."""

from handrail.frozen import dataclass
from handrail.model.leftovers import Leftover
from handrail.model.outcomes import Outcome, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Tests to be run one after the other in one fresh process."""

    number: int
    tests: tuple[str, ...]
    limit_s: float | None = None
    """For each test, over whatever the configuration says."""
    burners: int = 0
    """Processes that do nothing but use the processors meanwhile."""
    slow_io_s: float = 0.0
    """Files and sockets take up to so long more, each time."""
    is_watched: bool = False
    """Whether to say what each test but the last leaves behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a trial."""

    number: int
    outcomes: tuple[tuple[str, Outcome, float], ...]
    """Tests that ended, in order, and the seconds that they took."""
    ended_by: str = ""
    """The test during which the process ended, or had to be ended."""
    ending: str = ""
    """How: ``SIGSEGV``, ``took longer than 10s``."""
    problem: Problem | None = None
    """What went wrong with the last test that failed."""
    left: tuple[tuple[str, tuple[Leftover, ...]], ...] = ()
    """What tests left behind, if that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a session has collected."""

    tests: tuple[str, ...]
    broken: tuple[str, ...] = ()
    """Modules that could not be."""
    shuffler: str = ""
    """Name of a plugin that would shuffle the tests of a run."""
