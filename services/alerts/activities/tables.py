"""Activities applied for, and what became of them (聚集性活动)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.alerts.schema import Table
from shared.database.types import Instant


class Activity(Table):
    """One activity; `came` people were reported; who applied is sealed, as it may be a resident.

    `applied_by` is a fingerprint of the caller's role and name, to know them again.
    """

    __tablename__ = "activities"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    people: Mapped[int] = mapped_column(Integer)
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    applicant: Mapped[bytes | None] = mapped_column(LargeBinary)
    applied_by: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(Instant)
    because: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    measure_id: Mapped[str | None] = mapped_column(String(36))
    policy: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(String(2000))
    by: Mapped[str | None] = mapped_column("decided_by", String(120))
    came: Mapped[int | None] = mapped_column(Integer)
    abnormal: Mapped[bool | None] = mapped_column(Boolean)
