"""A worker's line to the controller: what it tells, what it shows, and what it is told."""

import os
from typing import Any

from handrail.execution import wire
from handrail.execution.slots import Slots
from handrail.execution.worker_end import WorkerEnd


class Tell:
    """First element of the messages that the plugin's controller understands."""

    REPORT = "report"
    """Test, serialised report, problem, category."""
    LATE = "late"
    """As REPORT, of a test that had ended: what lived for the whole session was not torn down well."""
    COLLECT_REPORT = "collect report"
    ATTRIBUTES = "attributes"
    """XML attributes that a test recorded."""
    WARNING = "warning"
    STOP = "stop"
    EXIT = "exit"
    INTERRUPT = "interrupt"
    INTERNAL = "internal"
    PROPERTIES = "properties"
    SERVICES = "services"
    """What its tests had their services from."""
    GREW = "grew"
    UNLOGGED = "unlogged"
    """How many lines of the log of tests could not be written, and why."""
    LEFT = "left"
    """What a test left behind."""
    IDS = "ids"
    """Checksum of the node ids that a spawned worker collected."""


class Line:
    """A ``WorkerEnd`` in use: messages through its pipes, and its slot."""

    def __init__(self, end: WorkerEnd) -> None:
        self.slots = Slots(end.slots)
        self.slot = end.slot
        """Where the controller looks what this worker is doing."""
        self._end = end
        self._process = os.getpid()

    def send(self, *message: Any, is_urgent: bool = False) -> None:
        """Tell the controller, which looks every few milliseconds, or at once if it is urgent.

        A process that a test forked is not a worker: it ends here.
        """
        if os.getpid() != self._process:
            os._exit(0)
        try:
            wire.send(self._end.reports, message)
            if is_urgent:
                os.write(self._end.bell, b"!")
        except BlockingIOError:
            pass  # the bell is ringing already
        except OSError:
            os._exit(1)  # nobody listens any more
        except Exception as error:  # noqa: BLE001 - an attachment that cannot be carried
            wire.send(self._end.reports, (Tell.INTERNAL, f"a report cannot be sent: {error!r}"))

    def receive(self) -> wire.Message:
        """The next command. Ends this process if nobody gives any more."""
        command = wire.receive(self._end.commands)
        if command is None:
            os._exit(1)
        return command
