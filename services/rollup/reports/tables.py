"""The daily reports and their corrections. R1."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Boolean, Date, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.rollup.schema import Table
from shared.database.types import Instant
from shared.events.rollup.reports import ReportStatus


class Report(Table):
    """The report of a community and a day.

    `figures` are absent until it is signed off, and then those in force, with every correction;
    `pending` holds the causes of a change that waits to become a correction.
    """

    __tablename__ = "reports"
    __table_args__ = (Index(None, "area", "date"),)

    date: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    area: Mapped[str] = mapped_column(String(15), primary_key=True)
    status: Mapped[ReportStatus] = mapped_column(String(10))
    opened_at: Mapped[dt.datetime] = mapped_column(Instant)
    deadline: Mapped[dt.datetime] = mapped_column(Instant)
    zero: Mapped[bool] = mapped_column(Boolean, default=False)
    late: Mapped[bool] = mapped_column(Boolean, default=False)
    figures: Mapped[dict[str, int] | None] = mapped_column(JSON)
    submitted_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    submitted_by: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(Text)
    excused_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    excused_by: Mapped[str | None] = mapped_column(String(120))
    excuse: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, default=0)
    corrected_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    pending: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)


class ReportRevision(Table):
    """A correction: each changed figure as it was and as it became."""

    __tablename__ = "report_revisions"

    date: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    area: Mapped[str] = mapped_column(String(15), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Instant)
    changed: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON)
    because: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
