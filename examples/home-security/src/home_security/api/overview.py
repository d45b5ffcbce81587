"""Everything that the dashboard shows, in one answer."""

from collections import Counter

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from home_security import views
from home_security.api.common import Home, Now
from home_security.database import Db
from home_security.models import Alert, Event, Zone
from home_security.schemas import Overview, ZoneStanding
from home_security.services import timeline
from home_security.vocabulary import AlertStatus, Severity

router = APIRouter(prefix="/api/overview", tags=["overview"])


@router.get("")
def overview(session: Db, household: Home, at: Now) -> Overview:
    """How the home stands now."""
    alerts = session.scalars(
        select(Alert)
        .where(Alert.household_id == household.id, Alert.status != AlertStatus.RESOLVED)
        .order_by(Alert.id)
    ).all()
    per_zone = Counter(alert.zone_id for alert in alerts)
    zones = session.scalars(
        select(Zone)
        .where(Zone.household_id == household.id)
        .options(selectinload(Zone.sensors), selectinload(Zone.cameras))
        .order_by(Zone.id)
    )
    span = timeline.last_hours(at, 24)
    events = select(Event).where(Event.household_id == household.id)
    moments = session.scalars(events.with_only_columns(Event.at).where(Event.at >= span.start))
    recent = session.scalars(
        events.options(joinedload(Event.zone), joinedload(Event.entity))
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(8)
    )
    return Overview(
        name=household.name,
        mode=household.mode,
        open_alerts=sum(alert.status is AlertStatus.OPEN for alert in alerts),
        worst=max((alert.severity for alert in alerts), key=list(Severity).index, default=None),
        zones=[
            ZoneStanding(
                name=zone.name,
                kind=zone.kind,
                open_contacts=sum(sensor.is_open for sensor in zone.sensors),
                offline=sum(not each.is_online for each in (*zone.sensors, *zone.cameras)),
                alerts=per_zone[zone.id],
            )
            for zone in zones
        ],
        per_hour=timeline.per_hour(moments, span),
        recent=[views.event(event) for event in recent],
    )
