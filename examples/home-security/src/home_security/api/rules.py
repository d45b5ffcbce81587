"""Rules and zones."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select

from home_security.api.common import Actor, Home, write_down
from home_security.database import Db
from home_security.models import Rule, Zone
from home_security.schemas import Identifier, RuleChange, RuleIn, RuleOut, ZoneOut

router = APIRouter(prefix="/api", tags=["rules"])


@router.get("/zones")
def list_zones(session: Db, household: Home) -> list[ZoneOut]:
    """In the order in which they were set up."""
    rows = session.scalars(select(Zone).where(Zone.household_id == household.id).order_by(Zone.id))
    return [ZoneOut.model_validate(row) for row in rows]


@router.get("/rules")
def list_rules(session: Db, household: Home) -> list[RuleOut]:
    """In the order in which they were made."""
    rows = session.scalars(select(Rule).where(Rule.household_id == household.id).order_by(Rule.id))
    return [RuleOut.model_validate(row) for row in rows]


@router.post("/rules", status_code=201)
def add_rule(session: Db, household: Home, actor: Actor, body: RuleIn) -> RuleOut:
    """It counts from the next event on."""
    rule = Rule(household_id=household.id, **body.model_dump())
    session.add(rule)
    session.flush()
    write_down(session, household, actor, "rule.add", rule.name)
    answer = RuleOut.model_validate(rule)
    session.commit()
    return answer


@router.patch("/rules/{rule_id}")
def switch_rule(
    session: Db, household: Home, actor: Actor, rule_id: Identifier, body: RuleChange
) -> RuleOut:
    """On or off."""
    rule = session.get(Rule, rule_id)
    if rule is None or rule.household_id != household.id:
        raise HTTPException(404, f"no rule {rule_id}")
    rule.is_enabled = body.is_enabled
    write_down(session, household, actor, "rule.switch", rule.name, is_enabled=rule.is_enabled)
    answer = RuleOut.model_validate(rule)
    session.commit()
    return answer
