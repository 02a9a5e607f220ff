"""Alerts as they stand (预警)."""

from datetime import datetime

from sqlalchemy import JSON, Float, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.alerts.schema import Table
from shared.database.types import Instant
from shared.events.alerts.fevers import AlertKind, AlertStatus
from shared.events.causes import Stored
from shared.events.vocabulary import AreaLevel


class Alert(Table):
    """One alert; `because` is the line of causes up to and with the event that found it."""

    __tablename__ = "alerts"
    __table_args__ = (Index(None, "status", "area"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    kind: Mapped[AlertKind] = mapped_column(String(20))
    status: Mapped[AlertStatus] = mapped_column(String(20))
    level: Mapped[AreaLevel] = mapped_column(String(20))
    screening_id: Mapped[str | None] = mapped_column(String(36), index=True)
    person_id: Mapped[str | None] = mapped_column(String(36))
    temperature_c: Mapped[float | None] = mapped_column(Float)
    reasons: Mapped[list[str]] = mapped_column(JSON)
    found_at: Mapped[datetime] = mapped_column(Instant)
    respond_by: Mapped[datetime] = mapped_column(Instant)
    policy: Mapped[str] = mapped_column(String(120))
    because: Mapped[Stored] = mapped_column(JSON)
    acknowledged_by: Mapped[str | None] = mapped_column(String(120))
    acknowledged_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(20))
    resolved_by: Mapped[str | None] = mapped_column(String(120))
    resolved_at: Mapped[datetime | None] = mapped_column(Instant)
    note: Mapped[str | None] = mapped_column(Text)


class VoidedScreening(Table):
    """A screening that was taken back before it was heard of, with the causes of that."""

    __tablename__ = "voided_screenings"

    screening_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    because: Mapped[Stored] = mapped_column(JSON)
