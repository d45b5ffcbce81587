"""``--log-tests``: what tests log goes to a file of the run as it is emitted, whatever comes after.

Nothing is added to ``logging``: this listens to the handler that makes pytest's captured log, so
that it sees what that sees, and neither levels nor handlers are other than in plain pytest.
"""

import logging
import time
from pathlib import Path

import pytest

from handrail.core.logged import LogLine, encode, kept_text, time_text
from handrail.core.text import name
from handrail.model.events import Note
from handrail.model.spec import RunSpec
from handrail.pytest_plugin.internals import capture
from handrail.pytest_plugin.recording import EventStream
from handrail.runs.logged import LogFile

_FORMATTER = logging.Formatter()


class LogRecording:
    """A pytest plugin. Workers that are forked have a copy; what that loses, they tell."""

    def __init__(self, spec: RunSpec, stream: EventStream | None) -> None:
        self._file = LogFile(Path(spec.test_log))
        self._patterns = spec.settings.redact
        self._stream = stream
        self._node_id, self._phase = "", ""
        self._lost, self._problem = 0, ""

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Listen; pytest has its handlers by now."""
        capture.listen_to_captured_logs(session.config, self._entered, self._emitted)

    def _entered(self, node_id: str, phase: str) -> None:
        self._node_id, self._phase = node_id, phase
        self._file.open()

    def _emitted(self, record: logging.LogRecord) -> None:
        try:
            line = encode(self._line(record))
        except Exception as error:  # noqa: BLE001 - a record may hold anything, and no test may notice
            self.lose(1, f"a record cannot be written: {type(error).__name__}")
        else:
            self._file.append(line)

    def _line(self, record: logging.LogRecord) -> LogLine:
        return LogLine(
            time=_time_of(record),
            node_id=self._node_id,
            phase=self._phase,
            level=str(record.levelname),
            logger=name(str(record.name)[:1000]),
            message=kept_text(_message_of(record), self._patterns),
            exception=kept_text(_exception_of(record), self._patterns),
        )

    # What could not be written.

    def lose(self, lines: int, problem: str) -> None:
        """So many lines are missing, here or in a worker."""
        self._lost += lines
        self._problem = problem

    def lost(self) -> tuple[int, str]:
        """How many lines are missing by now, and why the last one is."""
        return self._lost + self._file.lost, self._file.problem or self._problem

    def pytest_sessionfinish(self) -> None:
        """Say so, once for the whole run."""
        lines, problem = self.lost()
        if lines and self._stream is not None:
            text = f"{lines} lines of the log of tests could not be written: {problem}"
            self._stream.add(Note(at=time.time(), code="test-log", text=text, is_warning=True))


def _time_of(record: logging.LogRecord) -> str:
    try:
        return time_text(record.created)
    except (TypeError, ValueError, OverflowError, OSError):
        return time_text(time.time())


def _message_of(record: logging.LogRecord) -> str:
    """As pytest's handler has just formatted it: to format once more would run the test's code."""
    message = getattr(record, "message", None)
    if message is not None:
        return str(message)
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - arguments of a test, with logging.raiseExceptions turned off
        return f"<its arguments do not fit> {record.msg}"


def _exception_of(record: logging.LogRecord) -> str:
    text = record.exc_text or ""
    if not text and record.exc_info:
        text = _FORMATTER.formatException(record.exc_info)
    return "\n".join(each for each in (text, record.stack_info) if each)


def register_test_log(
    config: pytest.Config, spec: RunSpec, stream: EventStream | None = None
) -> None:
    """Write what tests log to where the spec says. ``stream``: of the controller."""
    config.pluginmanager.register(LogRecording(spec, stream), "handrail-test-log")
    if stream is not None and not config.pluginmanager.hasplugin("logging"):
        text = "--log-tests finds nothing: pytest's own logging is turned off (-p no:logging)"
        stream.add(Note(at=time.time(), code="test-log", text=text, is_warning=True))
