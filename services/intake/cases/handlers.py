"""Reporting cases, and what becomes of them. I9."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from services.intake.cases import domain
from services.intake.cases.domain import Facts, Fault
from services.intake.cases.tables import Case, CaseLink, CaseReport
from services.intake.people import register
from services.intake.times import RecordedAt, RecordedOn
from shared.clock.clock import CST
from shared.events.base import AreaCode, Event, Id
from shared.events.intake.cases import CaseOrigin, CaseReported, CaseStatus
from shared.exceptions import Invalid, NotFound
from shared.i18n.catalogue import Catalogue
from shared.writer.commands import Command
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)

SAID = ("status", "person_id", "confirmed_on", "onset_on", "origin", "setting", "linked_to")

# One of the known settings (`CaseSetting`), or a word of the health side's own.
Setting = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Links = Annotated[tuple[Id, ...], Field(max_length=200)]


class CaseSaid(Command):
    """What a report may say of a case; `linked_to` are cases it hangs together with."""

    status: CaseStatus
    person_id: Id | None = None
    confirmed_on: RecordedOn | None = None
    onset_on: RecordedOn | None = None
    origin: CaseOrigin | None = None
    setting: Setting | None = None
    linked_to: Links = ()
    occurred_at: RecordedAt | None = None


class ReportCase(CaseSaid):
    """The first report of a case (病例报告); `id` becomes the case's id."""

    area: AreaCode


class ReportAgain(CaseSaid):
    """A later report of the same case; what is left out stays as it was."""

    case_id: Id


def report(tx: Tx, command: ReportCase) -> Iterable[Event]:
    """Report a case for the first time."""
    occurred_at = command.occurred_at or tx.now
    said = _said(command)
    facts = domain.first(said, _local(occurred_at))
    _refuse(domain.fault_of(command.id, facts, said, _local(tx.now)))
    case = Case(id=command.id, area=command.area, reported_at=occurred_at)
    return [_keep(tx, case, command, facts, occurred_at)]


def report_again(tx: Tx, command: ReportAgain) -> Iterable[Event]:
    """Report what became of a case: suspected, then confirmed, then recovered."""
    case = existing(tx.session, command.case_id)
    tx.require_access(case.area)
    # A clock that went ahead a little must not hold up the next report.
    occurred_at = command.occurred_at or max(tx.now, case.changed_at)
    if occurred_at < case.changed_at:
        raise Invalid(TEXTS, "before_last_report", field="occurred_at", last=case.changed_at)
    said = _said(command)
    before = _facts(tx.session, case)
    facts = domain.later(before, said, _local(occurred_at))
    _refuse(domain.change_fault(before, facts))
    _refuse(domain.fault_of(case.id, facts, said, _local(tx.now)))
    return [_keep(tx, case, command, facts, occurred_at)]


def existing(session: Session, case_id: str) -> Case:
    """The row of a case; raises NotFound."""
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound(TEXTS, "no_such_case", field="case_id")
    return case


def links_of(session: Session, case_ids: Sequence[str]) -> dict[str, list[str]]:
    """The cases that each of these is linked with, whichever of the two named the other."""
    found: dict[str, set[str]] = {case_id: set() for case_id in case_ids}
    either = or_(CaseLink.case_id.in_(case_ids), CaseLink.linked_to.in_(case_ids))
    for link in session.scalars(select(CaseLink).where(either)):
        for one, other in ((link.case_id, link.linked_to), (link.linked_to, link.case_id)):
            if one in found:
                found[one].add(other)
    return {case_id: sorted(others) for case_id, others in found.items()}


def _keep(
    tx: Tx, case: Case, command: CaseSaid, facts: Facts, occurred_at: datetime
) -> CaseReported:
    if facts.person_id is not None and "person_id" in command.model_fields_set:
        register.refuse_unknown(tx.session, [facts.person_id])
    _link(tx.session, case.id, facts.linked_to)
    for name in SAID[:-1]:
        setattr(case, name, getattr(facts, name))
    case.changed_at = occurred_at
    by = tx.caller.name if tx.caller else ""
    earlier = select(func.count()).where(CaseReport.case_id == case.id)
    made = CaseReport(
        case_id=case.id,
        number=tx.session.scalars(earlier).one() + 1,
        id=command.id,
        status=facts.status,
        occurred_at=occurred_at,
        reported_by=by,
    )
    tx.session.add_all([case, made])
    values = {name: getattr(facts, name) for name in SAID}
    return CaseReported(area=case.area, occurred_at=occurred_at, case_id=case.id, **values)


def _link(session: Session, case_id: str, linked_to: Sequence[str]) -> None:
    known = set(session.scalars(select(Case.id).where(Case.id.in_(linked_to))))
    unknown = sorted(set(linked_to) - known)
    if unknown:
        raise Invalid(TEXTS, "no_such_linked_case", field="linked_to", case_id=unknown[0])
    session.execute(delete(CaseLink).where(CaseLink.case_id == case_id))
    session.add_all(CaseLink(case_id=case_id, linked_to=other) for other in linked_to)


def _facts(session: Session, case: Case) -> Facts:
    own = select(CaseLink.linked_to).where(CaseLink.case_id == case.id)
    values: dict[str, Any] = {name: getattr(case, name) for name in SAID[:-1]}
    return Facts(**values, linked_to=tuple(sorted(session.scalars(own))))


def _said(command: CaseSaid) -> Mapping[str, Any]:
    return {name: getattr(command, name) for name in SAID if name in command.model_fields_set}


def _local(instant: datetime) -> date:
    return instant.astimezone(CST).date()


def _refuse(fault: Fault | None) -> None:
    if fault is not None:
        raise Invalid(TEXTS, fault.message, field=fault.field, **fault.values)
