"""What the public page is made of: a projection of what alerts decides. D10."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from services.rollup.schema import Table
from shared.database.types import Instant
from shared.events.alerts.measures import MeasureKind


class PublicState(Table):
    """An area's own level or situation."""

    __tablename__ = "public_states"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    what: Mapped[str] = mapped_column(String(10))
    area: Mapped[str] = mapped_column(String(15), index=True)
    value: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(Instant)
    order: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class PublicMeasure(Table):
    """A measure in force; `id` is what it is about, such as a venue."""

    __tablename__ = "public_measures"

    id: Mapped[str] = mapped_column(String(50), primary_key=True)
    measure_id: Mapped[str | None] = mapped_column(String(36), index=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    kind: Mapped[MeasureKind] = mapped_column(String(24))
    since: Mapped[datetime] = mapped_column(Instant)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class PublicChange(Table):
    """When what residents are told of an area last changed."""

    __tablename__ = "public_changes"

    area: Mapped[str] = mapped_column(String(15), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
