"""What happens in a run, in the order it happened: a run is a log of these.

Every consumer (reporters, history, verdict, exports) is a fold over this stream, so a killed run
still tells what it did. Times are seconds; ``at`` is seconds since the epoch.
"""

import functools
import sys
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from handrail.frozen import dataclass, defaults_of, field
from handrail.model.outcomes import Frame, Outcome, Problem, Verdict
from handrail.model.quarantine import Quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Tests that were collected but may not run, counted by the reason."""

    tier: str | None
    """The tier they belong to; None if no tier selects them."""
    count: int
    reason: str
    """For a person: ``not selected``, ``gate destructive is closed: ...``, ``never on local``."""
    gate: str | None = None
    open_with: str = ""
    """The command that would run them, or that a person types first; empty if nothing does."""
    tests: tuple[str, ...] = ()
    """The first few node ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A test that is being run right now."""

    test: str
    for_s: float
    worker: str
    usual_s: float | None = None
    limit_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run exists; nothing has been collected yet."""

    at: float
    run_id: str
    tiers: tuple[str, ...]
    place: str
    selection: tuple[str, ...] = ()
    """What the caller named: paths, node ids, expressions."""
    budget_s: float | None = None
    workers: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    """python, pytest, platform, commit, dirty: what the results depend on."""
    arguments: tuple[str, ...] = ()
    """What the caller typed behind ``handrail run``, to make the same run again."""
    folder: str = ""
    """Where it was typed, relative to the project's root."""
    rerun_of: str = ""
    """The run that this one completes."""
    usual_s: float | None = None
    """What such runs usually take, from start to end; None without history."""
    shard: str = ""
    """``2/5``: one of the machines that share the tests; ``1-5/5``: all of them, merged."""
    quarantine: tuple[Quarantined, ...] = ()
    """Tests whose failures do not count, and those whose quarantine is over."""
    fail_on: tuple[str, ...] = ()
    """What makes the run fail beside failures: ``flaky`` passes, tests that were ``slow``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Collection ended; these tests will run, those are withheld."""

    at: float
    tests: tuple[str, ...]
    withheld: tuple[Withheld, ...] = ()
    deselected: int = 0
    """By ``-k``, ``-m`` or a plugin; not by tiers."""
    duration_s: float = 0.0
    strategy: str = ""
    workers: int = 0
    estimate_s: float | None = None
    """Wall time that history expects the tests to take on these workers; None without history."""
    usual_s: tuple[float, ...] = ()
    """What each of ``tests`` usually takes, -1 for one that is new; empty without history."""
    tier_of: tuple[int, ...] = ()
    """Of each of ``tests``, the place of its tier among the run's, -1 if that is not known; empty if
    the run has one tier."""
    shared_by: str = ""
    """``time`` or ``count``: what made the shards equal; empty if there are none."""
    whole: Mapping[str, str] = field(default_factory=dict)
    """What the tests of a shard are a part of: by module, their number and a checksum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Tests that a change affects for one reason."""

    reason: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What ``--changed`` has found, before anything runs."""

    at: float
    since: str = ""
    """The commit that was named; empty: since each test was recorded."""
    because: str = ""
    """Why every test runs, if so."""
    affected: tuple[Reason, ...] = ()
    """The recorded tests that run, and why. Empty if every test does."""
    unaffected: int = 0
    """Recorded tests that need not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What ``--changed --verify`` has found, after everything has run."""

    at: float
    rest: int
    """Tests that ran and that selection leaves out."""
    missed: tuple[str, ...] = ()
    """Those of them that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFailed:
    """A module, package or conftest could not be collected."""

    at: float
    node: str
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFinished:
    """One attempt at one test ended, however it ended."""

    __test__ = False

    at: float
    test: str
    outcome: Outcome
    duration_s: float
    """Set-up, call and teardown together."""
    phases: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Seconds of set-up, call and teardown."""
    started_at: float = 0.0
    worker: str = ""
    attempt: int = 1
    growth_bytes: int = 0
    """By how much the worker's resident memory grew meanwhile."""
    reason: str = ""
    """Why it was skipped or expected to fail."""
    problems: tuple[Problem, ...] = ()
    """Everything that went wrong: call, teardown, failed subtests."""
    retried_for: str = ""
    """Why it was tried again after this attempt: the reason of its override, or ``--retries 2``."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How plain pytest counts this test, where that is not just ``{outcome: 1}``: a teardown error
    after a pass counts as one passed and one error."""
    is_amended: bool = False
    """Whether this stands for what was told of the attempt before: after it, the worker could not
    tear down what had lived for the whole session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A sign of life: which tests are running."""

    at: float
    running: tuple[Running, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLost:
    """A worker ended before its work did; it cost at most the test named here."""

    at: float
    worker: str
    reason: str
    test: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a person should know that is not a test's outcome."""

    at: float
    text: str
    code: str = ""
    """Stable word for machines: ``growth``, ``spawn``, ``marker-typo``, ``warnings``."""
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProblem:
    """The run itself went wrong: limits, infrastructure, configuration, a refusal."""

    at: float
    verdict: Verdict
    """What this alone makes of the run: ``infra_error``, ``failed``, ``timed_out``, ``refused``, ..."""
    code: str
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFinished:
    """pytest's session ended by itself."""

    at: float
    pytest_exit: int
    warnings: int = 0
    services: Mapping[str, str] = field(default_factory=dict)
    """What tests had their services from: ``{"postgres": "native"}``; of two, ``docker+native``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The verdict. Always the last event; a log without it belongs to a run that was cut off."""

    at: float
    verdict: Verdict
    exit_code: int


Event = (
    RunStarted
    | Narrowed
    | Collected
    | CollectionFailed
    | TestFinished
    | Progress
    | WorkerLost
    | Note
    | RunProblem
    | SessionFinished
    | Verified
    | RunFinished
)

_BY_NAME: Mapping[str, type[Event]] = {kind.__name__: kind for kind in typing.get_args(Event)}
_NESTED = (Withheld, Running, Problem, Frame, Quarantined, Reason)


def to_json(event: Event) -> dict[str, Any]:
    """The event as one JSON object: ``{"event": NAME, ...}``. Fields at their default are left out."""
    return {"event": type(event).__name__, **_plain(event)}


def from_json(document: Mapping[str, Any]) -> Event:
    """The inverse of ``to_json``. Unknown fields are ignored, so that older readers go on.

    Raises: KeyError or TypeError if the document is not an event.
    """
    if document["event"] == "TestFinished" and "problems" not in document:
        return _attempt(document)
    return typing.cast("Event", _build(_BY_NAME[document["event"]], document))


_NO_COUNTS: Mapping[str, int] = {}
"""One for all: a run may have a hundred thousand tests."""


def _attempt(document: Mapping[str, Any]) -> TestFinished:
    """What nearly all events are, ten times faster than by type hints."""
    phases = document.get("phases", (0.0, 0.0, 0.0))
    return TestFinished(
        at=document["at"],
        test=document["test"],
        outcome=Outcome(document["outcome"]),
        duration_s=document["duration_s"],
        phases=(phases[0], phases[1], phases[2]),
        started_at=document.get("started_at", 0.0),
        worker=sys.intern(document.get("worker", "")),
        attempt=document.get("attempt", 1),
        growth_bytes=document.get("growth_bytes", 0),
        reason=document.get("reason", ""),
        retried_for=document.get("retried_for", ""),
        counts=document.get("counts", _NO_COUNTS),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    shown = {}
    kind: Any = type(value)
    for name, default in _defaults(kind).items():
        each = getattr(value, name)
        if each != default:
            shown[name] = _plain(each)
    return shown


_defaults = functools.cache(defaults_of)


def _build(kind: type, document: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    names = [name for name in _defaults(kind) if name in document]
    return kind(**{name: _typed(hints[name], document[name]) for name in names})


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _typed(hint: Any, value: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return value
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    if hint in _NESTED:
        return _build(hint, value)
    if typing.get_origin(hint) is tuple:
        arguments = typing.get_args(hint)
        inner = arguments if arguments[-1] is not Ellipsis else (arguments[0],) * len(value)
        return tuple(_typed(each, item) for each, item in zip(inner, value, strict=True))
    return value
