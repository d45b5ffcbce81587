"""How the mode of a home changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from home_security.vocabulary import Mode


class Command(StrEnum):
    """What a person asks for."""

    ARM_HOME = "arm_home"
    ARM_AWAY = "arm_away"
    DISARM = "disarm"


NEXT: Mapping[Mode, Mapping[Command, Mode]] = {
    Mode.DISARMED: {Command.ARM_HOME: Mode.HOME, Command.ARM_AWAY: Mode.AWAY},
    Mode.HOME: {Command.ARM_AWAY: Mode.AWAY, Command.DISARM: Mode.DISARMED},
    Mode.AWAY: {Command.ARM_HOME: Mode.HOME, Command.DISARM: Mode.DISARMED},
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the mode stays as it is."""

    code: str
    reason: str


def advance(
    mode: Mode, command: Command, *, is_pin_right: bool, open_contacts: Sequence[str]
) -> Mode | Refusal:
    """The mode after a command. Whoever lowers the guard shows a PIN; nobody leaves a door open."""
    target = NEXT[mode].get(command)
    if target is None:
        return Refusal("already", f"the home is already {mode}")
    if lowers_guard(mode, target) and not is_pin_right:
        return Refusal("pin", "the PIN is wrong")
    if target is Mode.AWAY and open_contacts:
        return Refusal("open", f"still open: {', '.join(open_contacts)}")
    return target


def is_leaving(armed_at: datetime | None, at: datetime, delay_s: int) -> bool:
    """Whether people who have just armed the home may still be on their way out."""
    return armed_at is not None and at - armed_at < timedelta(seconds=delay_s)


def lowers_guard(mode: Mode, target: Mode) -> bool:
    """Whether less is guarded afterwards."""
    order = list(Mode)
    return order.index(target) < order.index(mode)
