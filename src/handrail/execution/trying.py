"""A pytest session that has collected once and tries whatever order of tests it is asked for, each trial
in a fresh fork. This is the asking side; ``pytest_plugin.trials`` is the other.
"""

import contextlib
import json
import os
import select
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from handrail.errors import ExitCode, UserError
from handrail.execution import limits, wire
from handrail.execution.prestart import Prestarted
from handrail.model.spec import RunSpec
from handrail.model.trials import Found, Trial, Tried
from handrail.system import processes

ENDING_S = 5.0
"""How long a session may take to end by itself."""
_LOOK_S = 0.1
_SHOWN_LINES = 15


class NoTrialsError(UserError):
    """The session that was to try orders of tests did not come so far, or ended meanwhile."""

    reference = "no-trials"
    exit_code = ExitCode.INFRA_ERROR

    def __init__(self, code: int, printed: str) -> None:
        super().__init__(
            f"pytest ended with exit code {code} before it could try anything",
            where=printed,
            hint="see what pytest itself says: pytest --collect-only -q",
        )


class TrialSession:
    """The session, as a child process. A context manager: it is gone afterwards."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        spec: RunSpec,
        environ: Mapping[str, str] | None = None,
        started: Prestarted | None = None,
    ) -> None:
        """``started``: its Python, if it was begun already, with the environment of this process."""
        processes.adopt_orphans()
        descriptor, self._printed = tempfile.mkstemp(prefix="handrail-trials-")
        os.close(descriptor)
        self._started = started or Prestarted(more=environ)
        self._started.is_taken = True
        self._events = self._started.events
        order = {
            "arguments": ["-p", "handrail", "--handrail-run", self._started.inherited, *arguments],
            "folder": str(folder),
            "output": self._printed,
        }
        self._incoming = wire.Incoming()
        self._is_closed = False
        self._write(json.dumps(order).encode("ascii") + b"\n")
        self._write(wire.pack(("trials", spec)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def descriptor(self) -> int:
        """Readable when there is something to ``listen`` to."""
        return self._events

    def found(self) -> Found:
        """Wait until everything is collected. Raises: NoTrialsError."""
        while True:
            for message in self.listen(_LOOK_S):
                if isinstance(message, Found):
                    return message

    def begin(self, trial: Trial) -> None:
        """Have it tried, at once, whatever else is being tried."""
        self._write(wire.pack((trial,)))

    def try_one(self, trial: Trial) -> Tried:
        """Have it tried, and wait. Raises: NoTrialsError."""
        self.begin(trial)
        while True:
            for message in self.listen(_LOOK_S):
                if isinstance(message, Tried) and message.number == trial.number:
                    return message

    def listen(self, timeout_s: float) -> Iterator[Found | Tried]:
        """What it says, if it says anything within that time. Raises: NoTrialsError if it is gone."""
        readable, _, _ = select.select([self._events], [], [], timeout_s)
        if not readable:
            return
        chunk = os.read(self._events, 1 << 20)
        if not chunk:
            raise NoTrialsError(self._started.process.wait(), self._last_lines())
        for message in self._incoming.feed(chunk):
            yield message[0]

    def close(self) -> None:
        """End it, and everything that it started. Safe at any time."""
        if self._is_closed:
            return
        self._is_closed = True
        os.close(self._started.feed)
        self._end(ENDING_S)

    def kill(self) -> None:
        """The same, without letting it end by itself."""
        if not self._is_closed:
            self._is_closed = True
            os.close(self._started.feed)
            self._end(0.0)

    def _end(self, patience_s: float) -> None:
        ends_at = time.monotonic() + patience_s
        while self._started.process.poll() is None and time.monotonic() < ends_at:
            readable, _, _ = select.select([self._events], [], [], _LOOK_S)
            if readable and not os.read(self._events, 1 << 20):
                time.sleep(0.005)  # it closes its files before it is gone
        limits.kill_tree(self._started.process.pid, self._started.mark)
        self._started.process.wait()
        os.close(self._events)
        with contextlib.suppress(OSError):
            os.unlink(self._printed)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        with contextlib.suppress(BrokenPipeError):  # whoever listens will hear of its end
            while rest:
                rest = rest[os.write(self._started.feed, rest) :]

    def _last_lines(self) -> str:
        with contextlib.suppress(OSError):
            text = Path(self._printed).read_text("utf-8", "replace")
            return "\n".join([line for line in text.splitlines() if line.strip()][-_SHOWN_LINES:])
        return ""
