"""The mode of the home and its settings."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session

from home_security.api.common import Actor, Home, Now, write_down
from home_security.database import Db
from home_security.live import Live, Message
from home_security.models import Household, Sensor, User, Zone
from home_security.schemas import ArmingIn, ArmingOut, SettingsIn, SettingsOut
from home_security.services import arming, pins
from home_security.vocabulary import Mode

router = APIRouter(prefix="/api", tags=["household"])


@router.post("/arming")
def arm(
    session: Db, household: Home, live: Live, actor: Actor, at: Now, body: ArmingIn
) -> ArmingOut:
    """Arm or disarm. A refusal is written down too."""
    session.refresh(household, with_for_update=True)
    who = _owner_of(session, household, body.pin)
    result = arming.advance(
        household.mode,
        body.command,
        is_pin_right=who is not None,
        open_contacts=_open_contacts(session, household),
    )
    actor = actor if who is None else who.name
    if isinstance(result, arming.Refusal):
        write_down(session, household, actor, "arming.refused", body.command, code=result.code)
        session.commit()
        raise HTTPException(403 if result.code == "pin" else 409, result.reason)
    write_down(session, household, actor, "arming.changed", result, before=household.mode)
    household.mode = result
    household.armed_at = at if result is Mode.AWAY else None
    session.commit()
    live.tell(Message(type="mode", data={"mode": result}))
    return ArmingOut(mode=result)


def _owner_of(session: Session, household: Household, pin: str | None) -> User | None:
    if pin is None:
        return None
    query = select(User).where(User.household_id == household.id, User.is_active)
    users = session.scalars(query.order_by(User.id))
    return next((user for user in users if pins.is_right(pin, user.pin_hash)), None)


def _open_contacts(session: Session, household: Household) -> list[str]:
    query = select(Sensor.name).join(Zone).where(Zone.household_id == household.id)
    return list(session.scalars(query.where(Sensor.is_open).order_by(Sensor.id)))


@router.get("/settings")
def read_settings(household: Home) -> SettingsOut:
    """All settings."""
    return SettingsOut.model_validate(household)


@router.put("/settings")
def save_settings(session: Db, household: Home, actor: Actor, body: SettingsIn) -> SettingsOut:
    """All settings at once. The audit says which ones are different now."""
    values = body.model_dump()
    changed = sorted(key for key, value in values.items() if getattr(household, key) != value)
    for key in changed:
        setattr(household, key, values[key])
    if changed:
        write_down(session, household, actor, "settings.change", ", ".join(changed))
    answer = SettingsOut.model_validate(household)
    session.commit()
    return answer
