"""What the command line tells the pytest session that it starts."""

from collections.abc import Mapping, Sequence

from handrail.frozen import dataclass, field
from handrail.model.shards import Shard
from handrail.model.tiers import Isolation, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One run, decided: which tiers, how many workers, how bounded. Seconds and bytes."""

    run_id: str
    settings: Settings
    tiers: tuple[str, ...]
    """Named by the caller; empty lets the place decide."""
    place: str
    granted: frozenset[str] = frozenset()
    """Gates that a person opened."""
    flagged: frozenset[str] = frozenset()
    """Gates named by ``--allow``."""
    workers: int = 1
    """At most; 0 runs everything in the pytest process itself."""
    timeout_s: float | None = None
    """For every test, over whatever the configuration says."""
    memory_bytes: int | None = None
    growth_bytes: int | None = None
    grace_s: float = 1.0
    ends_at: float | None = None
    """When the budget is used up, on the monotonic clock that all processes share."""
    isolate: Isolation = Isolation.WORKER
    is_failed_first: bool = False
    done: frozenset[str] = frozenset()
    """Node ids that an earlier run has done."""
    only: frozenset[str] = frozenset()
    """Node ids that this run is about; empty: all that are not done."""
    is_shown: bool = False
    """Whether pytest's own output goes to the caller, dots included."""
    test_log: str = ""
    """File for what tests log; empty: nobody asked for it."""
    kept_in: str = ""
    """The folder of the run, for what tests attach; empty: it is not kept."""
    is_keeping: bool = False
    """Whether the databases of failed tests are kept."""
    retries: int | None = None
    """How often a test that failed is tried again; None: as its override says, or never."""
    guard: str = ""
    """``note`` or ``fail``: what becomes of a test that leaves something behind; empty: nobody looks."""
    quarantined: frozenset[str] = frozenset()
    """Names of tests whose failures do not count."""
    seed: int | None = None
    """Of a random order; None: the usual order."""
    strategy: str = "auto"
    """``auto``, ``collect-in-workers``, ``collect-then-fork`` or ``spawn``."""
    shard: Shard | None = None
    """The part of the tests that is this machine's; None: all."""
    shared_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds by node id, as all shards of a build have them."""
    unaffected: frozenset[str] = frozenset()
    """Node ids that no change affects, so that they need not run."""
    later: frozenset[str] = frozenset()
    """Node ids that no change affects, and that run after the others all the same."""
    trace_folder: str = ""
    """Where each process writes what its tests use; empty: nobody wants to know."""
    profile: str = ""
    """``time`` or ``memory``: what to measure beside; empty: nothing."""
    profile_folder: str = ""
    """Where each process writes that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What history teaches about the tests to come: seconds by node id, and what failed last."""

    usual_s: dict[str, float]
    failed: frozenset[str]

    def usual_of(self, tests: Sequence[str]) -> tuple[float, ...]:
        """What each of these takes, -1 for one that is new, to the tenth of a millisecond; empty if
        they all are.
        """
        if not self.usual_s:
            return ()
        found = tuple(round(self.usual_s.get(test, -1.0), 4) for test in tests)
        return found if any(each >= 0 for each in found) else ()
