"""Rows as the world sees them."""

from home_security.models import Alert, Camera, Event, Sensor
from home_security.schemas import AlertOut, CameraOut, EventOut, SensorOut


def event(row: Event) -> EventOut:
    """An event, with names for identifiers."""
    return EventOut(
        id=row.id,
        kind=row.kind,
        zone=row.zone.name,
        entity=None if row.entity is None else row.entity.name,
        confidence=row.confidence,
        at=row.at,
        note=row.note,
    )


def alert(row: Alert) -> AlertOut:
    """An alert, named after its rule."""
    return AlertOut(
        id=row.id,
        title=row.rule.name,
        zone=row.zone.name,
        status=row.status,
        severity=row.severity,
        count=row.count,
        opened_at=row.opened_at,
        last_at=row.last_at,
        resolved_at=row.resolved_at,
    )


def sensor(row: Sensor) -> SensorOut:
    """A sensor, with the name of its zone."""
    return SensorOut(
        id=row.id,
        name=row.name,
        kind=row.kind,
        zone=row.zone.name,
        battery_percent=row.battery_percent,
        is_online=row.is_online,
        is_open=row.is_open,
        last_seen_at=row.last_seen_at,
    )


def camera(row: Camera) -> CameraOut:
    """A camera, with the name of its zone."""
    return CameraOut(
        id=row.id,
        name=row.name,
        zone=row.zone.name,
        width=row.width,
        height=row.height,
        is_online=row.is_online,
        last_frame_at=row.last_frame_at,
    )
