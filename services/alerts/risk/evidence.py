"""Cases as evidence: remembering what is reported of them, and finding those of an area."""

from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from services.alerts.risk.domain import Case, Report, case_of
from services.alerts.risk.tables import CaseFacts, CaseReport
from shared.clock.clock import CST
from shared.database.sql import area_range
from shared.events.base import Cause
from shared.events.causes import dump, load
from shared.events.envelope import Recorded
from shared.events.intake.cases import CaseReported
from shared.policy.pack import PolicyPack
from shared.writer.handlers import Tx


def remember(tx: Tx, recorded: Recorded[CaseReported]) -> tuple[Case | None, Case] | None:
    """Keep a report; the case before and after it, or None when it was known already."""
    if tx.session.get(CaseReport, recorded.id) is not None:
        return None
    reported = recorded.data
    tx.session.add(
        CaseReport(
            event_id=recorded.id,
            case_id=reported.case_id,
            sequence=recorded.sequence,
            area=reported.area,
            status=reported.status,
            reported_on=reported.occurred_at.astimezone(CST).date(),
            confirmed_on=reported.confirmed_on,
            origin=reported.origin,
            setting=reported.setting,
            linked_to=list(reported.linked_to),
            because=dump(recorded.causes()),
        )
    )
    facts = tx.session.get(CaseFacts, reported.case_id)
    before = _case(facts) if facts else None
    return before, _keep(tx, reported.case_id, facts)


def counted_for_level(pack: PolicyPack) -> ColumnElement[bool]:
    """The condition that a case counts for risk levels: `domain.counts`, for the database."""
    risk, setting = pack.risk, CaseFacts.setting
    return and_(
        CaseFacts.counts_as.in_(risk.counted_statuses),
        CaseFacts.origin.in_(risk.counted_origins),
        or_(setting.is_(None), setting.not_in(risk.excluded_settings)),
    )


def counted_for_situation(pack: PolicyPack) -> ColumnElement[bool]:
    """The condition that a case counts for a situation: `domain.counts_for_situation`."""
    return CaseFacts.counts_as.in_(pack.situations.counted_statuses)


def recent_cases(
    session: Session, area: str, counted: ColumnElement[bool], after: date
) -> list[Case]:
    """The counted cases of an area and all beneath it that were confirmed after a day; when there
    is none, those of the last day that has any."""
    query = select(CaseFacts).where(area_range(CaseFacts.area, area), counted)
    found = session.scalars(query.where(CaseFacts.confirmed_on > after)).all()
    if not found:
        last = query.with_only_columns(func.max(CaseFacts.confirmed_on)).scalar_subquery()
        found = session.scalars(query.where(CaseFacts.confirmed_on == last)).all()
    return [_case(row) for row in found]


def count_cases(session: Session, area: str, counted: ColumnElement[bool], at_most: int) -> int:
    """How many counted cases of all time there are in an area, counted no further than asked."""
    some = select(CaseFacts.case_id).where(area_range(CaseFacts.area, area), counted).limit(at_most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def reports_by_case(session: Session) -> dict[str, list[Report]]:
    """Every report of every case, as they were told."""
    found: dict[str, list[Report]] = {}
    for row in session.scalars(select(CaseReport).order_by(CaseReport.sequence)):
        found.setdefault(row.case_id, []).append(_report(row))
    return found


def causes_of(session: Session, case: Case, policy: str) -> tuple[Cause, ...]:
    """The causes of what follows from a case by a policy line."""
    return load(session.get_one(CaseFacts, case.id).because, policy)


def _keep(tx: Tx, case_id: str, facts: CaseFacts | None) -> Case:
    query = select(CaseReport).where(CaseReport.case_id == case_id)
    rows = tx.session.scalars(query).all()
    case = case_of(case_id, [_report(row) for row in rows])
    if facts is None:
        facts = CaseFacts(case_id=case_id)
        tx.session.add(facts)
    for name in ("area", "counts_as", "confirmed_on", "origin", "setting", "sequence"):
        setattr(facts, name, getattr(case, name))
    facts.linked_to = list(case.linked_to)
    facts.because = next(row.because for row in rows if row.sequence == case.sequence)
    return case


def _report(row: CaseReport) -> Report:
    return Report(
        sequence=row.sequence,
        area=row.area,
        status=row.status,
        reported_on=row.reported_on,
        confirmed_on=row.confirmed_on,
        origin=row.origin,
        setting=row.setting,
        linked_to=tuple(row.linked_to),
    )


def _case(row: CaseFacts) -> Case:
    return Case(
        id=row.case_id,
        area=row.area,
        counts_as=row.counts_as,
        confirmed_on=row.confirmed_on,
        origin=row.origin,
        setting=row.setting,
        linked_to=tuple(row.linked_to),
        sequence=row.sequence,
    )
