"""What the routes of cases answer. I9."""

from datetime import date

from pydantic import AwareDatetime

from shared.events.base import AreaCode, Id
from shared.events.intake.cases import CaseOrigin, CaseStatus
from shared.http.answers import Answered


class Case(Answered):
    """A case (病例) after its last report."""

    id: Id
    area: AreaCode
    status: CaseStatus
    person_id: Id | None
    confirmed_on: date | None
    onset_on: date | None
    origin: CaseOrigin
    setting: str | None
    reported_at: AwareDatetime
    changed_at: AwareDatetime
    linked_to: list[Id]


class CaseReport(Answered):
    """One report of a case."""

    id: Id
    status: CaseStatus
    occurred_at: AwareDatetime


class CaseWithReports(Case):
    """A case with its reports, first to last."""

    reports: list[CaseReport]


class Reported(Answered):
    """The id of a later report, and of the case that it is of."""

    id: Id
    case_id: Id
