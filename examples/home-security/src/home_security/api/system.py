"""How the parts of the system are doing."""

import time
from collections.abc import Callable

from fastapi import APIRouter, Response
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, joinedload

from home_security import views
from home_security.api.common import Home
from home_security.database import Db
from home_security.live import Live
from home_security.models import Camera, Sensor, Zone
from home_security.schemas import SystemOut
from home_security.services import health

VERSION = "1.4.0"

router = APIRouter(tags=["system"])


@router.get("/health")
def is_healthy(session: Db, live: Live, response: Response) -> dict[str, bool]:
    """For whoever starts us: 200 once the database and Redis answer."""
    answer = {"database": _answers(session), "redis": live.ping()}
    response.status_code = 200 if all(answer.values()) else 503
    return answer


@router.get("/api/system")
def system(session: Db, household: Home, live: Live) -> SystemOut:
    """Backends, sensors, cameras, and what is worth a look."""
    sensors = session.scalars(
        select(Sensor)
        .join(Zone)
        .where(Zone.household_id == household.id)
        .options(joinedload(Sensor.zone))
        .order_by(Sensor.id)
    ).all()
    cameras = session.scalars(
        select(Camera)
        .join(Zone)
        .where(Zone.household_id == household.id)
        .options(joinedload(Camera.zone))
        .order_by(Camera.id)
    ).all()
    devices = [
        *(
            health.Device(
                name=each.name, is_online=each.is_online, battery_percent=each.battery_percent
            )
            for each in sensors
        ),
        *(health.Device(name=each.name, is_online=each.is_online) for each in cameras),
    ]
    lines = health.concerns(devices)
    redis_ms = _timed(live.ping)
    return SystemOut(
        version=VERSION,
        health=health.overall(are_backends_up=redis_ms is not None, concern_count=len(lines)),
        database_ms=_timed(lambda: _answers(session)),
        redis_ms=redis_ms,
        listeners=0 if redis_ms is None else live.listeners(),
        concerns=lines,
        sensors=[views.sensor(each) for each in sensors],
        cameras=[views.camera(each) for each in cameras],
    )


def _answers(session: Session) -> bool:
    try:
        return session.scalar(text("SELECT 1")) == 1
    except OperationalError:
        return False


def _timed(question: Callable[[], bool]) -> float | None:
    began = time.perf_counter()
    is_up = question()
    return round((time.perf_counter() - began) * 1000, 2) if is_up else None
