"""Trials that run at once, some of them in sessions of their own."""

import select
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Self

from handrail.execution.trying import NoTrialsError, TrialSession
from handrail.frozen import replace
from handrail.model.trials import Found, Trial, Tried

Begin = Callable[[Mapping[str, str]], TrialSession]
"""Starts a session with these variables in its environment."""


class Pool:
    """Trials under way. A context manager: everything is gone afterwards."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._shared: TrialSession | None = None
        self._waiting: dict[int, tuple[TrialSession, Trial]] = {}
        """Sessions of their own, which are still collecting, by the number of their trial."""
        self._sessions: dict[int, TrialSession] = {}
        """By the number of the trial under way."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        own = [session for session, _ in self._waiting.values()]
        for session in {*own, *self._sessions.values()} - {self._shared}:
            session.kill()
        if self._shared is not None:
            self._shared.close()

    def found(self) -> Found:
        """What the tests are. Raises: NoTrialsError."""
        self._shared = self._begin({})
        return self._shared.found()

    def begin(self, trial: Trial, environ: Mapping[str, str]) -> None:
        """Start a trial; with variables of its own, in a session of its own."""
        assert self._shared is not None
        if environ:
            self._waiting[trial.number] = (self._begin(environ), trial)
        else:
            self._sessions[trial.number] = self._shared
            self._shared.begin(trial)

    def results(self, timeout_s: float) -> Iterator[Tried]:
        """Trials that have ended within that time, or before."""
        listened = {session.descriptor: session for session in self._sessions.values()}
        listened |= {session.descriptor: session for session, _ in self._waiting.values()}
        if not listened:
            time.sleep(timeout_s)
            return
        readable, _, _ = select.select(list(listened), [], [], timeout_s)
        for descriptor in readable:
            yield from self._heard(listened[descriptor])

    def _heard(self, session: TrialSession) -> Iterator[Tried]:
        number = next((n for n, (each, _) in self._waiting.items() if each is session), 0)
        try:
            for message in session.listen(0):
                if isinstance(message, Found):
                    _, trial = self._waiting.pop(number)
                    self._sessions[number] = session
                    known = tuple(each for each in trial.tests if each in message.tests)
                    session.begin(replace(trial, tests=known))
                else:
                    yield self._ended(session, message)
        except NoTrialsError:
            if session is self._shared:
                raise
            lost = number or next(n for n, each in self._sessions.items() if each is session)
            self._waiting.pop(lost, None)
            self._sessions[lost] = session
            yield self._ended(session, Tried(number=lost, outcomes=()))

    def _ended(self, session: TrialSession, tried: Tried) -> Tried:
        del self._sessions[tried.number]
        if session is not self._shared:
            session.kill()
        return tried
