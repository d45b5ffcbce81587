"""A session as its supervisor sees it. Real processes and pipes."""

import os
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from handrail.execution import child
from handrail.execution.child import Launch, Session
from handrail.execution.prestart import Child
from handrail.model.spec import RunSpec
from handrail.model.tiers import Settings

PAUSE_S = 30.0
SPEC = RunSpec(run_id="7k2f", settings=Settings(), tiers=(), place="local")


class Told:
    """A process that says a word as its last event, and ends."""

    def __init__(self) -> None:
        source, self.feed = os.pipe()
        self.events, sink = os.pipe()
        self.inherited, self.is_taken, self.mark = "", False, b"A=b"
        os.set_inheritable(sink, True)  # noqa: FBT003 - positional only
        script = f"import os; os.write({sink}, b'last\\n')"
        command = [sys.executable, "-S", "-E", "-c", script]
        self.process = Child(os.posix_spawn(sys.executable, command, os.environ))
        os.close(source)
        os.close(sink)

    def discard(self) -> None:
        """It ends by itself."""


@pytest.fixture(autouse=True)
def _parents_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child.processes, "adopt_orphans", lambda: None)


@pytest.fixture
def session(tmp_path: Path) -> Generator[Session]:
    made = Session(Told(), Launch(arguments=(), folder=tmp_path, output=None), SPEC)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells of the end at once")
def test_the_end_of_a_session_is_not_slept_through(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "PAUSE_S", PAUSE_S)
    began, told = time.monotonic(), list[bytes]()

    while not session.is_over:
        told += session.lines(PAUSE_S)

    assert told == [b"last"]
    assert time.monotonic() - began < PAUSE_S


@pytest.mark.slow
def test_where_the_system_does_not_tell_the_end_is_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    session = Session(Told(), Launch(arguments=(), folder=tmp_path, output=None), SPEC)
    told = list[bytes]()

    while not session.is_over:
        told += session.lines(0.1)
    session.close()

    assert told == [b"last"]


@pytest.mark.slow
def test_what_is_spared_outlives_the_session(session: Session) -> None:
    ours, theirs = (Child(os.posix_spawn("/bin/sleep", ["sleep", "100"], {})) for _ in range(2))
    session.spare(ours.pid)

    session.close()

    assert theirs.wait() == -signal.SIGKILL
    assert ours.poll() is None
    ours.kill()
    ours.wait()
