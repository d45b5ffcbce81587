"""The figures to reach: the one place that states them. All are at most; ratios within one run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number and, if it has one, its bound."""

    suite: str
    name: str
    value: float
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        """PASS, MISS, or nothing if there is no bound."""
        if self.at_most is None:
            return ""
        return "PASS" if self.value <= self.at_most else "MISS"


TO_XDIST = "handrail : xdist's best"
TO_PLAIN = "handrail : plain pytest"
ONE_PROCESS = "handrail -n0 : plain pytest"
MEMORY = "memory, handrail : xdist's best"
SETUPS = "fixture set-ups"
IDLE = "plugin idle : without"
IDLE_OUTPUT = "lines of output that differ"
START_VERSION = "handrail --version : bare python"
START_CONFIG = "handrail config show : bare python"
STATUS = "handrail status : bare python"
WAIT = "handrail wait, finished : bare python"
LOGS = "handrail logs --tail 20 : bare python"
START = "(handrail start - 50 ms) : bare python"
FOLLOWED = "followed through a pipe : started, until its verdict"
SHOWN = "followed at a terminal : started, until its verdict"
STATUS_RUNNING = "status while running, 100,000 : 100 tests"
STATUS_FINISHED = "status when finished, 100,000 : 100 tests"
SAVED = "save to verdict : plain pytest"
SAVED_S = "save to verdict, s"
GROWTH = "time per test, 50,000 : 10,000 tests"
LOST = "tests lost or run twice"
HUNG = "hangs not ended, neighbours lost"

REAL_MEDIAN = "real suites, median"

TARGETS: dict[tuple[str, str], float] = {
    ("trivial", TO_XDIST): 0.45,
    ("trivial", TO_PLAIN): 0.60,
    ("imports", TO_XDIST): 0.45,
    ("imports", TO_PLAIN): 0.60,
    ("cpu", TO_XDIST): 0.90,
    ("cpu", TO_PLAIN): 0.56,
    ("fixtures", TO_XDIST): 1.0,
    ("fixtures", TO_PLAIN): 0.54,
    ("fixtures", SETUPS): 60,
    ("fixtures, 8 workers", TO_XDIST): 0.75,
    ("fixtures, 8 workers", SETUPS): 60,
    (REAL_MEDIAN, TO_XDIST): 0.70,
    (REAL_MEDIAN, TO_PLAIN): 0.75,
    ("idle", IDLE): 1.02,
    ("idle", IDLE_OUTPUT): 0,
    ("start", START_VERSION): 3.0,
    ("answers", STATUS): 3.0,
    ("answers", WAIT): 3.0,
    ("answers", LOGS): 3.0,
    ("answers", START): 3.0,
    ("following", FOLLOWED): 1.03,
    ("following", SHOWN): 1.03,
    ("supervisor", "supervisor, PSS, MiB"): 23.8,
    ("big-status", STATUS_RUNNING): 2.0,
    ("big-status", STATUS_FINISHED): 2.0,
    ("growth", GROWTH): 1.10,
    ("crash", LOST): 0,
    ("hangs", HUNG): 0,
}

EVERYWHERE: dict[str, float] = {ONE_PROCESS: 1.0, MEMORY: 1.0}
"""Bounds that hold for every suite on which the figure is measured."""


def figure(suite: str, name: str, value: float) -> Figure:
    """A measured number with its bound."""
    bound = TARGETS.get((suite, name), EVERYWHERE.get(name))
    return Figure(suite=suite, name=name, value=value, at_most=bound)
