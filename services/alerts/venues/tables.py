"""Venues as they stand (公共活动场所)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.alerts.schema import Table
from shared.database.types import Instant


class Venue(Table):
    """One venue; `limit_people` while it is limited, `hand` where a person decided."""

    __tablename__ = "venues"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    capacity: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(10))
    limit: Mapped[int | None] = mapped_column("limit_people", Integer)
    since: Mapped[datetime] = mapped_column(Instant)
    because: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    measure_id: Mapped[str | None] = mapped_column(String(36))
    hand: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
