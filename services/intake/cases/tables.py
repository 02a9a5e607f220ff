"""Cases as the health side reported them (病例). Nothing here names a person."""

from datetime import date, datetime

from sqlalchemy import Date, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.schema import Table
from shared.database.types import Instant


class Case(Table):
    """A case as its last report left it; `changed_at` is when that report was made."""

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    status: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[str | None] = mapped_column(String(36))
    confirmed_on: Mapped[date | None] = mapped_column(Date)
    onset_on: Mapped[date | None] = mapped_column(Date)
    origin: Mapped[str] = mapped_column(String(20))
    setting: Mapped[str | None] = mapped_column(String(200))
    reported_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class CaseReport(Table):
    """One report of a case, numbered from 1: its status then, and who reported it."""

    __tablename__ = "case_reports"

    case_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(36))
    status: Mapped[str] = mapped_column(String(20))
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    reported_by: Mapped[str] = mapped_column(String(100))


class CaseLink(Table):
    """One case's reports name another; read in both directions."""

    __tablename__ = "case_links"

    case_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    linked_to: Mapped[str] = mapped_column(String(36), primary_key=True, index=True)
