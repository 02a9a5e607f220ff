"""Screenings as they were recorded (体温检测记录)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import JSON, Connection, Float, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.schema import Table
from shared.database.sql import send
from shared.database.types import Instant


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


PLAIN = (
    "id",
    "area",
    "place_kind",
    "place_id",
    "temperature_c",
    "unmeasured_reason",
    "health_code",
    "direction",
    "person_id",
    "channel",
    "recorded_by",
)
_INSERT = f"""
    INSERT INTO screenings ({", ".join(PLAIN)}, occurred_at, symptoms)
    VALUES ({", ".join("?" * (len(PLAIN) + 2))})"""  # noqa: S608 - our own words, never input


def add_screenings(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new screenings, each with all its fields by name: the hottest rows of intake."""
    write = Instant().process_bind_param
    send(
        connection,
        _INSERT,
        [
            (
                *[row[name] for name in PLAIN],
                write(row["occurred_at"], connection.dialect),
                orjson.dumps(row["symptoms"]).decode(),
            )
            for row in rows
        ],
    )
