"""The closed sets of words that the whole system shares."""

from enum import StrEnum


class Mode(StrEnum):
    """How much of the home is guarded."""

    DISARMED = "disarmed"
    HOME = "home"
    AWAY = "away"


class Role(StrEnum):
    """What a user may do."""

    OWNER = "owner"
    MEMBER = "member"
    GUEST = "guest"


class ZoneKind(StrEnum):
    """Where a zone lies."""

    PERIMETER = "perimeter"
    INTERIOR = "interior"
    OUTDOOR = "outdoor"


class EntityKind(StrEnum):
    """What may be recognised."""

    PERSON = "person"
    PET = "pet"
    VEHICLE = "vehicle"
    DEVICE = "device"


class SensorKind(StrEnum):
    """What a sensor feels."""

    DOOR = "door"
    WINDOW = "window"
    MOTION = "motion"
    SMOKE = "smoke"
    LEAK = "leak"


class EventKind(StrEnum):
    """What can happen."""

    MOTION = "motion"
    OPENED = "opened"
    CLOSED = "closed"
    PERSON = "person"
    VEHICLE = "vehicle"
    SMOKE = "smoke"
    LEAK = "leak"
    TAMPER = "tamper"


class Severity(StrEnum):
    """How bad it is, mildest first."""

    INFO = "info"
    WARNING = "warning"
    HIGH = "high"
    CRITICAL = "critical"

    def raised(self, steps: int) -> "Severity":
        """The severity some steps worse; nothing is worse than critical."""
        order = list(Severity)
        return order[min(order.index(self) + steps, len(order) - 1)]


class AlertStatus(StrEnum):
    """What has been done about an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
