"""Follow a session: fold its events, bound it, keep what it told."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from handrail.core.folding import Folding
from handrail.core.session_end import SessionEnd, did_not_begin, untold
from handrail.core.text import redacted
from handrail.core.verdicts import out_of_budget
from handrail.frozen import dataclass, field
from handrail.model.events import (
    Event,
    Progress,
    Running,
    RunStarted,
    TestFinished,
    from_json,
)
from handrail.model.quarantine import Quarantined
from handrail.model.spec import RunSpec

_PROGRESS = b'{"event":"Progress",'
POLL_S = 0.1
BACKSTOP_S = 5.0
"""How long after its budget, or after Ctrl-C, a session that does not end is killed."""


class Session(Protocol):
    """A running pytest session; ``execution.child.Session`` is one."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended and everything it said was read."""
        ...

    @property
    def returncode(self) -> int | None:
        """Exit code, or minus the signal; None while it runs."""
        ...

    def lines(self, timeout_s: float) -> Iterator[bytes]:
        """Wait at most that long; yield the events that came, as lines of JSON."""
        ...

    def interrupt(self) -> None:
        """Ask it to stop, as Ctrl-C would."""
        ...

    def dump_stacks(self) -> None:
        """Have it write the stacks of its threads to where it prints."""
        ...

    def kill(self) -> None:
        """End it and everything it started."""
        ...


class Log(Protocol):
    """Where events are kept; it never raises."""

    def append(self, batch: Sequence[Event | bytes]) -> None:
        """Keep these, in order: events, or lines that are encoded already."""
        ...


class View(Protocol):
    """Something that shows a run while it goes on."""

    def tick(self, now: float) -> None:
        """Show where the run stands, if it is time to. ``now``: epoch seconds."""
        ...


@dataclass(slots=True)
class Follower:
    """Follows one session to its end. Signals set ``stop_asked``."""

    session: Session
    spec: RunSpec
    folding: Folding
    log: Log
    views: Sequence[View]
    on_event: Callable[[Event], None] | None = None
    is_listing: bool = False
    """Whether pytest is only to list something, and so may end without a session."""
    root: str = ""
    """The project's folder, which paths are shown relative to."""
    printed: Callable[[], str] = str
    """What pytest has printed so far, or the end of it; nothing where that went to a terminal."""
    stop_asked: str = ""
    """``interrupted`` (Ctrl-C) or ``terminated`` (SIGTERM, SIGHUP)."""
    stops: int = 0
    _killed_at: float | None = None
    _is_told: bool = False
    _running: dict[str, tuple[Running, float]] = field(default_factory=dict)
    _overran: Running | None = None

    def follow(self) -> None:
        """Return when the session is over."""
        while not self.session.is_over:
            self._take_in_all(self.session.lines(POLL_S))
            now = time.time()
            for view in self.views:
                view.tick(now)
            self._bound(time.monotonic())
        self._take_in_all(self.session.lines(0))
        self._conclude()

    def _take_in_all(self, lines: Iterator[bytes]) -> None:
        batch: list[Event | bytes] = []
        for line in _latest(lines):
            try:
                event = from_json(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # a process that a test left behind wrote into the pipe
            if isinstance(event, TestFinished) and not event.problems and not event.reason:
                batch.append(line)
            else:
                event = redacted(event, self.spec.settings.redact)
                batch.append(event)
            self._fold(event)
        self.log.append(batch)

    def tell(self, event: Event) -> None:
        """Add an event of the follower's own."""
        self.log.append([event])
        self._fold(event)

    def _fold(self, event: Event) -> None:
        self.folding.add(event)
        if self.on_event is not None:
            self.on_event(event)
        if self.spec.workers == 0:
            self._note_running(event)

    # Bounds. Workers are bounded by the session itself; the session, and tests without workers, here.

    def _note_running(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._running = {each.test: (each, time.monotonic()) for each in event.running}
        elif isinstance(event, TestFinished):
            self._running.pop(event.test, None)

    def _bound(self, now: float) -> None:
        if self._killed_at is not None:
            if now >= self._killed_at or self.stops > 1:
                self.session.kill()
            return
        if self.stop_asked and not self._is_told:
            self._is_told = True
            self._killed_at = now + self.spec.grace_s + BACKSTOP_S
            self.session.interrupt()
        if self.stops > 1:
            self.session.kill()
        if (
            self.spec.ends_at is not None
            and now > self.spec.ends_at + self.spec.grace_s + BACKSTOP_S
        ):
            self.tell(out_of_budget(time.time()))
            self.session.kill()
            self._killed_at = now
        for running, since in self._running.values():
            if running.limit_s is not None and now - since > running.limit_s:
                self._overran = running
                self.session.dump_stacks()
                self._killed_at = now + self.spec.grace_s

    def _conclude(self) -> None:
        """Tell what the session has not."""
        record = self.folding.record()
        code = self.session.returncode or 0
        end = SessionEnd(
            exit_code=code,
            printed=self.printed() if did_not_begin(record, code) else "",
            stop_asked=self.stop_asked,
            overran=self._overran,
            is_listing=self.is_listing,
            root=self.root,
        )
        for event in untold(record, end, time.time()):
            self.tell(event)


def _latest(lines: Iterable[bytes]) -> Iterator[bytes]:
    """These, but of what is running only the last word: without workers there is one for every test."""
    found = list(lines)
    last = max((place for place, line in enumerate(found) if line.startswith(_PROGRESS)), default=0)
    for place, line in enumerate(found):
        if place == last or not line.startswith(_PROGRESS):
            yield line


def start_event(
    spec: RunSpec,
    *,
    at: float,
    tiers: tuple[str, ...],
    selection: tuple[str, ...],
    budget_s: float | None,
    env: Mapping[str, str],
    arguments: tuple[str, ...] = (),
    folder: str = "",
    rerun_of: str = "",
    usual_s: float | None = None,
    fail_on: tuple[str, ...] = (),
    quarantine: tuple[Quarantined, ...] = (),
) -> RunStarted:
    """The first event of a run."""
    return RunStarted(
        at=at,
        run_id=spec.run_id,
        tiers=tiers,
        place=spec.place,
        selection=selection,
        budget_s=budget_s,
        workers=spec.workers,
        env=env,
        arguments=arguments,
        folder=folder,
        rerun_of=rerun_of,
        usual_s=usual_s,
        shard=str(spec.shard or ""),
        fail_on=fail_on,
        quarantine=quarantine,
    )
