"""Events: reported by sensors and cameras, read by people."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from home_security import views
from home_security.api.common import Home, Now
from home_security.database import Db
from home_security.live import Live
from home_security.models import Camera, Entity, Event, Sensor, Zone
from home_security.recording import record
from home_security.schemas import Day, EventIn, EventOut, EventPage, Hour, Identifier
from home_security.services import timeline
from home_security.vocabulary import EventKind

router = APIRouter(prefix="/api", tags=["events"])

_NAMES = (joinedload(Event.zone), joinedload(Event.entity))


@router.get("/events")
def list_events(
    session: Db,
    household: Home,
    kind: EventKind | None = None,
    zone_id: Identifier | None = None,
    text: Annotated[str, Query(max_length=80)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> EventPage:
    """Newest first."""
    query = select(Event).where(Event.household_id == household.id)
    if kind is not None:
        query = query.where(Event.kind == kind)
    if zone_id is not None:
        query = query.where(Event.zone_id == zone_id)
    if text:
        query = query.where(Event.note.icontains(text.replace("\0", ""), autoescape=True))
    total = session.scalar(query.with_only_columns(func.count())) or 0
    newest = query.order_by(Event.at.desc(), Event.id.desc()).offset(offset).limit(limit)
    rows = session.scalars(newest.options(*_NAMES))
    items = [views.event(row) for row in rows]
    return EventPage(items=items, total=total, offset=offset, limit=limit)


@router.get("/events/{event_id}")
def one_event(session: Db, household: Home, event_id: Identifier) -> EventOut:
    """One event."""
    return views.event(_found(session, household.id, Event, event_id))


@router.post("/events", status_code=201)
def report_event(session: Db, household: Home, live: Live, at: Now, body: EventIn) -> EventOut:
    """Record it, and tell whoever listens after it is safe in the database."""
    _found(session, household.id, Zone, body.zone_id)
    _check_sender(session, Sensor, body.sensor_id, body.zone_id)
    _check_sender(session, Camera, body.camera_id, body.zone_id)
    if body.entity_id is not None:
        _found(session, household.id, Entity, body.entity_id)
    event = Event(household_id=household.id, at=at, **body.model_dump())
    messages = record(session, household, event)
    answer = views.event(event)
    session.commit()
    live.tell(*messages)
    return answer


@router.get("/timeline")
def day(
    session: Db,
    household: Home,
    at: Now,
    day: Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2199, 12, 31))] = None,
) -> Day:
    """One day, hour by hour; today where none is named."""
    day = day or at.date()
    span = timeline.day_of(day)
    query: Select[tuple[Event]] = (
        select(Event)
        .where(Event.household_id == household.id)
        .where(Event.at >= span.start, Event.at < span.end)
        .order_by(Event.at, Event.id)
        .options(*_NAMES)
    )
    events = [views.event(row) for row in session.scalars(query)]
    counts = timeline.per_hour([event.at for event in events], span)
    hours: dict[int, list[EventOut]] = {}
    for event in events:
        hours.setdefault(int((event.at - span.start).total_seconds() // 3600), []).append(event)
    return Day(
        day=day.isoformat(),
        total=len(events),
        busiest_hour=timeline.busiest(counts),
        per_hour=counts,
        hours=[Hour(hour=hour, count=len(each), events=each) for hour, each in hours.items()],
    )


def _found(session, household_id, kind, identifier):
    row = session.get(kind, identifier)
    if row is None or row.household_id != household_id:
        raise HTTPException(404, f"no {kind.__name__.lower()} {identifier}")
    return row


def _check_sender(session, kind, identifier, zone_id) -> None:
    if identifier is None:
        return
    row = session.get(kind, identifier)
    if row is None or row.zone_id != zone_id:
        raise HTTPException(404, f"no {kind.__name__.lower()} {identifier} in zone {zone_id}")
