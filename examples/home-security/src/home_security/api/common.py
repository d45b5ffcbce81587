"""What the routers share."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session

from home_security.database import Db
from home_security.models import AuditEntry, Household, now


def get_household(session: Db) -> Household:
    """The home that this installation guards."""
    household = session.scalar(select(Household).order_by(Household.id).limit(1))
    if household is None:
        raise HTTPException(409, "no household is set up yet")
    return household


def get_actor(x_actor: Annotated[str, Header(max_length=80)] = "panel") -> str:
    """Who says so; for the audit."""
    return x_actor


Home = Annotated[Household, Depends(get_household)]
Actor = Annotated[str, Depends(get_actor)]
Now = Annotated[datetime, Depends(now)]


def write_down(
    session: Session,
    household: Household,
    actor: str,
    action: str,
    target: str = "",
    **details: object,
) -> None:
    """An entry in the audit, in the same transaction as what it tells of."""
    session.add(
        AuditEntry(
            household_id=household.id,
            actor=actor,
            action=action,
            target=target[:120],
            details=details,
        )
    )
