"""Who and what the home knows."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from home_security.api.common import Actor, Home, write_down
from home_security.database import Db
from home_security.models import Entity, Household
from home_security.schemas import EntityChange, EntityIn, EntityOut, Identifier
from home_security.vocabulary import EntityKind

router = APIRouter(prefix="/api/entities", tags=["entities"])


@router.get("")
def list_entities(session: Db, household: Home, kind: EntityKind | None = None) -> list[EntityOut]:
    """By name."""
    query = select(Entity).where(Entity.household_id == household.id)
    if kind is not None:
        query = query.where(Entity.kind == kind)
    rows = session.scalars(query.order_by(Entity.name, Entity.id))
    return [EntityOut.model_validate(row) for row in rows]


@router.post("", status_code=201)
def add_entity(session: Db, household: Home, actor: Actor, body: EntityIn) -> EntityOut:
    """A name is used once."""
    entity = Entity(household_id=household.id, **body.model_dump())
    try:
        with session.begin_nested():
            session.add(entity)
    except IntegrityError:
        raise HTTPException(409, f"{body.name} is known already") from None
    write_down(session, household, actor, "entity.add", entity.name, kind=entity.kind)
    answer = EntityOut.model_validate(entity)
    session.commit()
    return answer


@router.patch("/{entity_id}")
def change_entity(
    session: Db, household: Home, actor: Actor, entity_id: Identifier, body: EntityChange
) -> EntityOut:
    """Change what is given."""
    entity = _found(session, household, entity_id)
    changes = body.model_dump(exclude_none=True)
    for key, value in changes.items():
        setattr(entity, key, value)
    write_down(session, household, actor, "entity.change", entity.name, **changes)
    answer = EntityOut.model_validate(entity)
    session.commit()
    return answer


@router.delete("/{entity_id}", status_code=204)
def forget_entity(session: Db, household: Home, actor: Actor, entity_id: Identifier) -> None:
    """Its events stay, without it."""
    entity = _found(session, household, entity_id)
    write_down(session, household, actor, "entity.forget", entity.name)
    session.delete(entity)
    session.commit()


def _found(session: Session, household: Household, entity_id: int) -> Entity:
    entity = session.get(Entity, entity_id)
    if entity is None or entity.household_id != household.id:
        raise HTTPException(404, f"no entity {entity_id}")
    return entity
