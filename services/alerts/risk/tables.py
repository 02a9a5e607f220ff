"""Cases as alerts knows them, levels, proposals, orders and situations. A3, A4."""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Boolean, Date, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.alerts.schema import Table
from shared.database.types import Instant
from shared.events.alerts.risk import LevelReason
from shared.events.causes import Stored
from shared.events.intake.cases import CaseOrigin, CaseStatus
from shared.events.vocabulary import Level, Situation


class CaseReport(Table):
    """One report of a case, as intake told it."""

    __tablename__ = "case_reports"

    event_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    area: Mapped[str] = mapped_column(String(15))
    status: Mapped[CaseStatus] = mapped_column(String(20))
    reported_on: Mapped[date] = mapped_column(Date)
    confirmed_on: Mapped[date | None] = mapped_column(Date)
    origin: Mapped[CaseOrigin] = mapped_column(String(20))
    setting: Mapped[str | None] = mapped_column(String(200))
    linked_to: Mapped[list[str]] = mapped_column(JSON)
    because: Mapped[Stored] = mapped_column(JSON)


class CaseFacts(Table):
    """A case after all its reports; `because` is of the report that gave `counts_as`."""

    __tablename__ = "case_facts"

    case_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    counts_as: Mapped[CaseStatus | None] = mapped_column(String(20))
    confirmed_on: Mapped[date] = mapped_column(Date)
    origin: Mapped[CaseOrigin] = mapped_column(String(20))
    setting: Mapped[str | None] = mapped_column(String(200))
    linked_to: Mapped[list[str]] = mapped_column(JSON)
    sequence: Mapped[int] = mapped_column(BigInteger)
    because: Mapped[Stored] = mapped_column(JSON)


class AreaRisk(Table):
    """An area's own level (自身风险等级), why it is so, and the order that holds it, if any.

    `stands` says that an order or a refusal is held against the cases known at its time.
    """

    __tablename__ = "area_risks"

    area: Mapped[str] = mapped_column(String(15), primary_key=True)
    level: Mapped[Level] = mapped_column(String(10), default="low")
    since: Mapped[datetime | None] = mapped_column(Instant)
    policy: Mapped[str | None] = mapped_column(String(120))
    because: Mapped[Stored] = mapped_column(JSON, default=list)
    stands: Mapped[bool] = mapped_column(Boolean, default=False)
    order_id: Mapped[str | None] = mapped_column(String(36))
    proposals: Mapped[int] = mapped_column(Integer, default=0)


class Proposal(Table):
    """A proposed level (风险等级建议).

    It is `open`, then `accepted`, `declined`, `superseded` by another proposal or order, or
    `withdrawn` when the cases no longer ask for it.
    """

    __tablename__ = "proposals"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    previous: Mapped[Level] = mapped_column(String(10))
    level: Mapped[Level] = mapped_column(String(10))
    reason: Mapped[LevelReason] = mapped_column(String(20))
    evidence: Mapped[list[str]] = mapped_column(JSON)
    policy: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(20))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    because: Mapped[Stored] = mapped_column(JSON)
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decision: Mapped[str | None] = mapped_column(Text)


class RiskOrder(Table):
    """The command's order of a level (指挥部命令).

    It is `scheduled` until its hour, then `in_force` until another takes its place (`replaced`) or
    its own end comes (`ended`).
    """

    __tablename__ = "risk_orders"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    level: Mapped[Level] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str | None] = mapped_column(String(120))
    document: Mapped[str | None] = mapped_column(String(200))
    effective_at: Mapped[datetime | None] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    status: Mapped[str] = mapped_column(String(20))
    given_by: Mapped[str] = mapped_column(String(120))
    given_at: Mapped[datetime] = mapped_column(Instant)


class CommunitySituation(Table):
    """A community's situation (疫情情形) once it was other than without cases."""

    __tablename__ = "situations"

    area: Mapped[str] = mapped_column(String(15), primary_key=True)
    situation: Mapped[Situation] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(Instant)
    policy: Mapped[str] = mapped_column(String(120))
