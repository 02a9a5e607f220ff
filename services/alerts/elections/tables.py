"""Elections as they stand (换届选举)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, String
from sqlalchemy.orm import Mapped, mapped_column

from services.alerts.schema import Table
from shared.database.types import Instant


class Election(Table):
    """One election; `pause_limit_on` and `measure_id` while it is paused."""

    __tablename__ = "elections"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    name: Mapped[str] = mapped_column(String(200))
    polling_on: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(Instant)
    because: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    measure_id: Mapped[str | None] = mapped_column(String(36))
    pause_limit_on: Mapped[date | None] = mapped_column(Date)
    decision_due_since: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(String(2000))
