"""What is worth a look in the system."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

LOW_BATTERY_PERCENT = 20


class Health(StrEnum):
    """Best first."""

    GOOD = "good"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A sensor or camera, as far as its health goes."""

    name: str
    is_online: bool
    battery_percent: int | None = None


def concerns(devices: Iterable[Device]) -> list[str]:
    """One line for each device that needs somebody."""
    lines = []
    for device in devices:
        if not device.is_online:
            lines.append(f"{device.name} is offline")
        elif device.battery_percent is not None and device.battery_percent <= LOW_BATTERY_PERCENT:
            lines.append(f"{device.name} has {device.battery_percent} % battery")
    return lines


def overall(*, are_backends_up: bool, concern_count: int) -> Health:
    """One word for the whole."""
    if not are_backends_up:
        return Health.DOWN
    return Health.DEGRADED if concern_count else Health.GOOD
