"""What can become of a test, of a run, and what can be wrong with either."""

from enum import StrEnum

from handrail.frozen import dataclass


class Outcome(StrEnum):
    """What became of one attempt at a test. The words are pytest's."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """Set-up or teardown failed."""
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"

    @property
    def is_bad(self) -> bool:
        """Whether this outcome makes a run fail."""
        return self in {Outcome.FAILED, Outcome.ERROR}


class Phase(StrEnum):
    """The part of a test's life in which something happened."""

    COLLECT = "collect"
    SETUP = "setup"
    CALL = "call"
    TEARDOWN = "teardown"


class ProblemKind(StrEnum):
    """What sort of thing went wrong."""

    ASSERTION = "assertion"
    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    COLLECTION = "collection"
    SETUP = "setup"
    TEARDOWN = "teardown"
    LEAK = "leak"
    THRESHOLD = "threshold"
    REFUSED = "refused"
    INFRA = "infra"


class Verdict(StrEnum):
    """The one answer of a run."""

    PASSED = "passed"
    FAILED = "failed"
    INFRA_ERROR = "infra_error"
    CONFIG_ERROR = "config_error"
    NOTHING_RAN = "nothing_ran"
    REFUSED = "refused"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One level of a traceback, outermost first in a list. ``line`` counts from 1."""

    path: str
    line: int
    function: str
    source: str = ""
    locals: tuple[tuple[str, str], ...] = ()
    """Name and shortened ``repr`` of the variables that the source line mentions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that went wrong, whole: enough to explain it without running it again."""

    kind: ProblemKind
    phase: Phase
    exception: str = ""
    """Class name of the exception, or empty where none was raised (a time-out, a crash)."""
    message: str = ""
    path: str = ""
    """File of the frame that raised, relative to the root folder where it lies inside."""
    line: int = 0
    frames: tuple[Frame, ...] = ()
    chain: tuple[str, ...] = ()
    """``Type: message`` of the exceptions that led to this one, nearest first."""
    text: str = ""
    """The failure as plain pytest prints it."""
    sections: tuple[tuple[str, str], ...] = ()
    """Captured output: title and text, as plain pytest shows it."""

    @property
    def where(self) -> str:
        """``file:line`` of the frame that raised, or the file, or nothing."""
        return f"{self.path}:{self.line}" if self.line else self.path
