"""Screenings as they were recorded (体温检测记录)."""

from datetime import datetime

from sqlalchemy import JSON, Float, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.schema import Table
from shared.db import Instant


class Screening(Table):
    """One screening; `voided_at` once it was taken back. Nothing here names a person."""

    __tablename__ = "screenings"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15))
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    place_kind: Mapped[str] = mapped_column(String(20))
    place_id: Mapped[str | None] = mapped_column(String(64))
    temperature_c: Mapped[float | None] = mapped_column(Float)
    unmeasured_reason: Mapped[str | None] = mapped_column(String(200))
    symptoms: Mapped[list[str]] = mapped_column(JSON)
    health_code: Mapped[str | None] = mapped_column(String(10))
    direction: Mapped[str | None] = mapped_column(String(10))
    person_id: Mapped[str | None] = mapped_column(String(36))
    channel: Mapped[str | None] = mapped_column(String(20))
    recorded_by: Mapped[str] = mapped_column(String(120))
    voided_at: Mapped[datetime | None] = mapped_column(Instant)
    void_reason: Mapped[str | None] = mapped_column(String(200))
