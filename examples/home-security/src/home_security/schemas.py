"""What goes over the wire. Parsed at the border, once; inside, a value of the type is valid."""

import json
from datetime import datetime, time
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from home_security.services.arming import Command
from home_security.services.health import Health
from home_security.vocabulary import (
    AlertStatus,
    EntityKind,
    EventKind,
    Mode,
    SensorKind,
    Severity,
    ZoneKind,
)

MOST_DETAILS = 4096  # bytes


def storable(details: dict[str, Any]) -> dict[str, Any]:
    """Details that the database can keep: JSON without NUL, NaN or half a character, and short."""
    try:
        text = json.dumps(details, allow_nan=False, ensure_ascii=False).encode()
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if b"\\u0000" in text:
        raise ValueError("a text has a NUL character")
    if len(text) > MOST_DETAILS:
        raise ValueError(f"more than {MOST_DETAILS} bytes")
    return details


# Postgres keeps no NUL in a text.
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00]*$"),
]
# The column is an INTEGER: an identifier beyond it names nothing.
Identifier = Annotated[int, Field(ge=1, le=2**31 - 1)]
Text = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Details = Annotated[dict[str, Any], AfterValidator(storable)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=120)]
Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,8}$")]


class Sent(BaseModel):
    """What we send: read from a row."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Received(BaseModel):
    """What we are sent. A key that we do not know is a mistake of the sender."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ZoneOut(Sent):
    """A zone."""

    id: int
    name: str
    kind: ZoneKind


class SensorOut(Sent):
    """A sensor, with the name of its zone."""

    id: int
    name: str
    kind: SensorKind
    zone: str
    battery_percent: int
    is_online: bool
    is_open: bool
    last_seen_at: datetime | None


class CameraOut(Sent):
    """A camera, with the name of its zone."""

    id: int
    name: str
    zone: str
    width: int
    height: int
    is_online: bool
    last_frame_at: datetime | None


class EventIn(Received):
    """A report of a sensor or camera."""

    zone_id: Identifier
    kind: EventKind
    sensor_id: Identifier | None = None
    camera_id: Identifier | None = None
    entity_id: Identifier | None = None
    confidence: float = Field(default=1.0, ge=0, le=1)
    note: Text = ""
    details: Details = Field(default_factory=dict)


class EventOut(Sent):
    """An event."""

    id: int
    kind: EventKind
    zone: str
    entity: str | None
    confidence: float
    at: datetime
    note: str


class EventPage(Sent):
    """Some events of many."""

    items: list[EventOut]
    total: int
    offset: int
    limit: int


class AlertOut(Sent):
    """An alert."""

    id: int
    title: str
    zone: str
    status: AlertStatus
    severity: Severity
    count: int
    opened_at: datetime
    last_at: datetime
    resolved_at: datetime | None


class EntityIn(Received):
    """Somebody or something to know."""

    name: Name
    kind: EntityKind
    is_trusted: bool = False
    note: Text = ""


class EntityChange(Received):
    """What changes about it."""

    is_trusted: bool | None = None
    note: Text | None = None


class EntityOut(Sent):
    """Somebody or something known."""

    id: int
    name: str
    kind: EntityKind
    is_trusted: bool
    note: str
    first_seen_at: datetime
    last_seen_at: datetime | None


class RuleIn(Received):
    """A new rule."""

    name: Name
    event_kind: EventKind
    modes: list[Mode] = Field(min_length=1)
    severity: Severity
    minimum_confidence: float = Field(default=0.5, ge=0, le=1)
    ignores_trusted: bool = True
    window_s: int = Field(default=300, ge=0, le=86_400)


class RuleChange(Received):
    """A rule is switched on or off."""

    is_enabled: bool


class RuleOut(Sent):
    """A rule."""

    id: int
    name: str
    event_kind: EventKind
    modes: list[Mode]
    severity: Severity
    minimum_confidence: float
    ignores_trusted: bool
    window_s: int
    is_enabled: bool


class AuditOut(Sent):
    """Who did what."""

    id: int
    actor: str
    action: str
    target: str
    at: datetime
    details: dict[str, Any]


class SettingsIn(Received):
    """The settings of a home, all of them."""

    name: Name
    notify_email: Email | None = None
    retention_days: int = Field(ge=1, le=365)
    exit_delay_s: int = Field(ge=0, le=300)
    quiet_from: time | None = None
    quiet_until: time | None = None

    @model_validator(mode="after")
    def _quiet_hours_have_two_ends(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet hours need a beginning and an end")
        return self


class SettingsOut(Sent):
    """The settings of a home."""

    name: str
    notify_email: str | None
    retention_days: int
    exit_delay_s: int
    quiet_from: time | None
    quiet_until: time | None


class ArmingIn(Received):
    """Arm or disarm."""

    command: Command
    pin: Pin | None = None


class ArmingOut(Sent):
    """The mode after it."""

    mode: Mode


class ZoneStanding(Sent):
    """A zone on the dashboard."""

    name: str
    kind: ZoneKind
    open_contacts: int
    offline: int
    alerts: int


class Overview(Sent):
    """What the dashboard shows."""

    name: str
    mode: Mode
    open_alerts: int
    worst: Severity | None
    zones: list[ZoneStanding]
    per_hour: list[int]
    recent: list[EventOut]


class Hour(Sent):
    """One hour of a day."""

    hour: int
    count: int
    events: list[EventOut]


class Day(Sent):
    """A day, hour by hour; only hours in which something happened."""

    day: str
    total: int
    busiest_hour: int | None
    per_hour: list[int]
    hours: list[Hour]


class SystemOut(Sent):
    """How the parts are doing."""

    version: str
    health: Health
    database_ms: float | None
    redis_ms: float | None
    listeners: int
    concerns: list[str]
    sensors: list[SensorOut]
    cameras: list[CameraOut]
