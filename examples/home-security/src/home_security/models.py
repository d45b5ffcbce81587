"""The ten tables."""

from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from home_security.vocabulary import (
    AlertStatus,
    EntityKind,
    EventKind,
    Mode,
    Role,
    SensorKind,
    Severity,
    ZoneKind,
)


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


def word(kind: type[StrEnum]) -> Enum:
    """A column for a closed set of words: text in the database, so that a word can be added."""
    return Enum(kind, native_enum=False, length=20, validate_strings=True, values_callable=_values)


class Base(DeclarativeBase):
    """Names of constraints follow one pattern, so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(String(20)),
    }


class Household(Base):
    """One home, its mode and its settings."""

    __tablename__ = "household"
    __table_args__ = (
        CheckConstraint("retention_days BETWEEN 1 AND 365", name="retention"),
        CheckConstraint("exit_delay_s BETWEEN 0 AND 300", name="exit_delay"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    mode: Mapped[Mode] = mapped_column(word(Mode), default=Mode.DISARMED)
    notify_email: Mapped[str | None] = mapped_column(String(120))
    retention_days: Mapped[int] = mapped_column(default=30)
    exit_delay_s: Mapped[int] = mapped_column(default=30)
    armed_at: Mapped[datetime | None]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    zones: Mapped[list["Zone"]] = relationship(back_populates="household", order_by="Zone.id")


class User(Base):
    """Somebody who may arm and disarm."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(120), unique=True)
    role: Mapped[Role] = mapped_column(word(Role), default=Role.MEMBER)
    pin_hash: Mapped[str] = mapped_column(String(120))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Zone(Base):
    """A part of the home."""

    __tablename__ = "zone"
    __table_args__ = (UniqueConstraint("household_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[ZoneKind] = mapped_column(word(ZoneKind))

    household: Mapped[Household] = relationship(back_populates="zones")
    sensors: Mapped[list["Sensor"]] = relationship(back_populates="zone", order_by="Sensor.id")
    cameras: Mapped[list["Camera"]] = relationship(back_populates="zone", order_by="Camera.id")


class Entity(Base):
    """A person, pet, vehicle or device that the home knows."""

    __tablename__ = "entity"
    __table_args__ = (UniqueConstraint("household_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[EntityKind] = mapped_column(word(EntityKind))
    is_trusted: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")
    first_seen_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime | None]


class Camera(Base):
    """It sends frames."""

    __tablename__ = "camera"
    __table_args__ = (CheckConstraint("width > 0 AND height > 0", name="resolution"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("zone.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    width: Mapped[int] = mapped_column(default=1920)
    height: Mapped[int] = mapped_column(default=1080)
    is_online: Mapped[bool] = mapped_column(default=True)
    last_frame_at: Mapped[datetime | None]

    zone: Mapped[Zone] = relationship(back_populates="cameras")


class Sensor(Base):
    """It feels one thing."""

    __tablename__ = "sensor"
    __table_args__ = (CheckConstraint("battery_percent BETWEEN 0 AND 100", name="battery"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("zone.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[SensorKind] = mapped_column(word(SensorKind))
    battery_percent: Mapped[int] = mapped_column(default=100)
    is_online: Mapped[bool] = mapped_column(default=True)
    is_open: Mapped[bool] = mapped_column(default=False)
    last_seen_at: Mapped[datetime | None]

    zone: Mapped[Zone] = relationship(back_populates="sensors")


class Rule(Base):
    """Which events, in which modes, become an alert of which severity."""

    __tablename__ = "rule"
    __table_args__ = (
        CheckConstraint("minimum_confidence BETWEEN 0 AND 1", name="confidence"),
        CheckConstraint("window_s >= 0", name="window"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    event_kind: Mapped[EventKind] = mapped_column(word(EventKind))
    modes: Mapped[list[str]]
    severity: Mapped[Severity] = mapped_column(word(Severity))
    minimum_confidence: Mapped[float] = mapped_column(default=0.5)
    ignores_trusted: Mapped[bool] = mapped_column(default=True)
    window_s: Mapped[int] = mapped_column(default=300)
    is_enabled: Mapped[bool] = mapped_column(default=True)


class Event(Base):
    """Something that happened."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Index(None, "household_id", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    zone_id: Mapped[int] = mapped_column(ForeignKey("zone.id", ondelete="CASCADE"))
    sensor_id: Mapped[int | None] = mapped_column(ForeignKey("sensor.id", ondelete="SET NULL"))
    camera_id: Mapped[int | None] = mapped_column(ForeignKey("camera.id", ondelete="SET NULL"))
    entity_id: Mapped[int | None] = mapped_column(ForeignKey("entity.id", ondelete="SET NULL"))
    kind: Mapped[EventKind] = mapped_column(word(EventKind))
    confidence: Mapped[float] = mapped_column(default=1.0)
    at: Mapped[datetime] = mapped_column(default=now)
    note: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    zone: Mapped[Zone] = relationship()
    entity: Mapped[Entity | None] = relationship()


class Alert(Base):
    """Events of one rule in one zone, told to people once."""

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("count >= 1", name="count"),
        Index(None, "household_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id", ondelete="CASCADE"))
    zone_id: Mapped[int] = mapped_column(ForeignKey("zone.id", ondelete="CASCADE"))
    status: Mapped[AlertStatus] = mapped_column(word(AlertStatus), default=AlertStatus.OPEN)
    severity: Mapped[Severity] = mapped_column(word(Severity))
    count: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime] = mapped_column(default=now)
    last_at: Mapped[datetime] = mapped_column(default=now)
    resolved_at: Mapped[datetime | None]

    rule: Mapped[Rule] = relationship()
    zone: Mapped[Zone] = relationship()


class AuditEntry(Base):
    """Who did what. Never changed, never deleted before its time."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "household_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    target: Mapped[str] = mapped_column(String(120), default="")
    at: Mapped[datetime] = mapped_column(default=now)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
