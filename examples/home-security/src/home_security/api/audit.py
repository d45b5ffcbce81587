"""The audit: read only."""

import csv
import io
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import Select, select

from home_security.api.common import Home
from home_security.database import Db
from home_security.models import AuditEntry
from home_security.schemas import AuditOut

router = APIRouter(prefix="/api/audit", tags=["audit"])


def _query(household_id: int, action: str) -> Select[tuple[AuditEntry]]:
    query = select(AuditEntry).where(AuditEntry.household_id == household_id)
    if action:
        query = query.where(AuditEntry.action.startswith(action, autoescape=True))
    return query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


@router.get("")
def list_audit(
    session: Db,
    household: Home,
    action: Annotated[str, Query(max_length=40, pattern=r"^[a-z.]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AuditOut]:
    """Newest first; of actions that begin with a word, where one is given."""
    rows = session.scalars(_query(household.id, action).limit(limit))
    return [AuditOut.model_validate(row) for row in rows]


@router.get(".csv")
def export_audit(session: Db, household: Home) -> Response:
    """All of it, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["at", "actor", "action", "target"])
    for row in session.scalars(_query(household.id, "")):
        writer.writerow([row.at.isoformat(), *map(harmless, (row.actor, row.action, row.target))])
    headers = {"content-disposition": 'attachment; filename="audit.csv"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
