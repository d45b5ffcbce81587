"""Alerts, and what people do about them."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from home_security import views
from home_security.api.common import Actor, Home, Now, write_down
from home_security.database import Db
from home_security.live import Live, Message
from home_security.models import Alert
from home_security.recording import reply
from home_security.schemas import AlertOut, Identifier
from home_security.services.alerts import Reply
from home_security.vocabulary import AlertStatus

router = APIRouter(prefix="/api/alerts", tags=["alerts"])


@router.get("")
def list_alerts(session: Db, household: Home, status: AlertStatus | None = None) -> list[AlertOut]:
    """The one with the newest event first."""
    query = select(Alert).where(Alert.household_id == household.id)
    if status is not None:
        query = query.where(Alert.status == status)
    newest = query.order_by(Alert.last_at.desc(), Alert.id.desc()).limit(100)
    rows = session.scalars(newest.options(joinedload(Alert.rule), joinedload(Alert.zone)))
    return [views.alert(row) for row in rows]


@router.post("/{alert_id}/{wanted}")
def answer_alert(
    session: Db,
    household: Home,
    live: Live,
    actor: Actor,
    at: Now,
    alert_id: Identifier,
    wanted: Reply,
) -> AlertOut:
    """Acknowledge or resolve."""
    alert = session.get(Alert, alert_id, with_for_update=True)
    if alert is None or alert.household_id != household.id:
        raise HTTPException(404, f"no alert {alert_id}")
    if not reply(alert, wanted, at):
        raise HTTPException(409, f"cannot {wanted} an alert that is {alert.status}")
    write_down(session, household, actor, f"alert.{wanted}", alert.rule.name, alert_id=alert.id)
    answer = views.alert(alert)
    session.commit()
    live.tell(Message(type="alert", data=answer.model_dump(mode="json")))
    return answer
