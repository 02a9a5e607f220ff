"""Requests for help (求助). V1, V2."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.volunteers.schema import Table
from shared.database.types import Instant
from shared.events.vocabulary import RequestKind
from shared.events.volunteers.requests import RequestStatus


class AssistanceRequest(Table):
    """One request. `sealed_text` is encrypted for this request (`sealing`).

    `episode` is the service plan's event that made it, None when a person did; `withdrawn` says
    that the plan took it back. `because` is the line of causes that what happens next carries.
    """

    __tablename__ = "assistance_requests"
    __table_args__ = (Index(None, "status", "area"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    kind: Mapped[RequestKind] = mapped_column(String(20))
    status: Mapped[RequestStatus] = mapped_column(String(12))
    person_id: Mapped[str | None] = mapped_column(String(36), index=True)
    sealed_text: Mapped[bytes | None] = mapped_column(LargeBinary)
    on_behalf: Mapped[bool] = mapped_column(Boolean)
    requested_by: Mapped[str] = mapped_column(String(120))
    requested_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    helper_id: Mapped[str | None] = mapped_column(String(36), index=True)
    matched_at: Mapped[datetime | None] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    escalated_at: Mapped[datetime | None] = mapped_column(Instant)
    hours: Mapped[float | None] = mapped_column(Float)
    reason: Mapped[str | None] = mapped_column(String(200))
    episode: Mapped[str | None] = mapped_column(String(36))
    withdrawn: Mapped[bool] = mapped_column(Boolean)
    because: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
