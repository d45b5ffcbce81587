"""What the loop and a worker agree on: descriptors, and the first words of their messages."""

from handrail.frozen import dataclass


class Tag:
    """First element of the messages that the loop itself understands; all others are the host's."""

    HELLO = "hello"
    """Descriptors of the files in which the worker captures output."""
    ASK = "ask"
    """What comes next? Answer at once."""
    IDLE = "idle"
    """What comes next? I can wait."""
    COLLECTED = "collected"
    """A module; the rest is the host's."""
    FINISHED = "finished"
    """Seconds, test; the rest is the host's."""
    RETURNED = "returned"
    """I will not run what is left of my chunk."""


class Command:
    """First element of the messages to a worker."""

    COLLECT = "collect"
    RUN = "run"
    NOTHING_MORE = "nothing more"
    NOTHING_YET = "nothing yet"
    """Something may come later: what lives for the whole session stays."""
    RETIRE = "retire"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEnd:
    """What a worker is given: its number, its slot and its descriptors."""

    number: int
    slot: int
    commands: int
    reports: int
    bell: int
    """One byte here makes the controller look at once; it looks anyway every ``LOOK_S``."""
    slots: int
    stacks: int

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that a worker needs open."""
        return self.commands, self.reports, self.bell, self.slots, self.stacks
