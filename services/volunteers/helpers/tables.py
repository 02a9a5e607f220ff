"""Volunteers (志愿者), and the fevers that may concern them. V3."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.volunteers.schema import Table
from shared.database.types import Instant
from shared.events.volunteers.helpers import Skill, StandDownReason


class Helper(Table):
    """One volunteer. Name and phone are sealed for this helper (`sealing`).

    `away` is why the helper wishes to be away, which outlasts a fever; `reason` is why one is not
    available now.
    """

    __tablename__ = "helpers"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    person_id: Mapped[str | None] = mapped_column(String(36), index=True)
    skills: Mapped[list[Skill]] = mapped_column(JSON)
    languages: Mapped[list[str]] = mapped_column(JSON)
    capacity: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(12))
    away: Mapped[StandDownReason | None] = mapped_column(String(20))
    reason: Mapped[StandDownReason | None] = mapped_column(String(20))
    registered_at: Mapped[datetime] = mapped_column(Instant)
    status_since: Mapped[datetime] = mapped_column(Instant)


class PersonFever(Table):
    """A fever of a person who is or may become a helper, and how the clinic closed it.

    Without `person_id` only the closing has been heard of, or the person was erased; of an erased
    person who is a helper it stays while the fever bars them. `because` are the causes that the
    finding passes on, `closed_because` those of the closing.
    """

    __tablename__ = "person_fevers"

    alert_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str | None] = mapped_column(String(36), index=True)
    found_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(20))
    because: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    closed_because: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
