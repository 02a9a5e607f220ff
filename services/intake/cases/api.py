"""HTTP of case reports. I9."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from services.intake.cases import answers, handlers
from services.intake.cases.handlers import ReportAgain, ReportCase
from services.intake.cases.tables import Case, CaseReport
from shared.database.sql import area_range
from shared.events.base import AreaCode, Id
from shared.events.intake.cases import CaseStatus
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)

REPORTERS = (Role.HEALTH, Role.COMMAND)
READERS = (Role.HEALTH, Role.COMMAND, Role.LEAD)

FIELDS = (
    "id",
    "area",
    "status",
    "person_id",
    "confirmed_on",
    "onset_on",
    "origin",
    "setting",
    "reported_at",
    "changed_at",
)


class ListCases(Paged):
    """Which cases: of an area, in a status."""

    model_config = ConfigDict(extra="forbid")

    area: AreaCode | None = None
    status: CaseStatus | None = None


class ShowCase(BaseModel):
    """One case by id."""

    model_config = ConfigDict(extra="forbid")

    case_id: Id


def list_cases(read: Read, asked: ListCases) -> dict[str, Any]:
    """The cases of an area, the latest first."""
    query = select(Case).where(area_range(Case.area, read.scope(asked.area)))
    if asked.status is not None:
        query = query.where(Case.status == asked.status)
    rows, following = page(read.session, query, asked, Case.reported_at, Case.id, newest_first=True)
    return {"items": _views(read, rows), "next": following}


def show(read: Read, asked: ShowCase) -> dict[str, Any]:
    """A case, the cases linked with it, and its reports, first to last."""
    case = handlers.existing(read.session, asked.case_id)
    read.require_access(case.area)
    query = select(CaseReport).where(CaseReport.case_id == case.id)
    reports = read.session.scalars(query.order_by(CaseReport.number))
    return {
        **_views(read, [case])[0],
        "reports": [
            {"id": made.id, "status": made.status, "occurred_at": made.occurred_at}
            for made in reports
        ],
    }


def _views(read: Read, cases: Sequence[Case]) -> list[dict[str, Any]]:
    links = handlers.links_of(read.session, [case.id for case in cases])
    return [
        {**{name: getattr(case, name) for name in FIELDS}, "linked_to": links[case.id]}
        for case in cases
    ]


def _made(_tx: Tx, command: ReportAgain) -> dict[str, Any]:
    return {"id": command.id, "case_id": command.case_id}


routes = Routes("/intake", "cases", TEXTS)
routes.post("/cases", handlers.report, ReportCase, roles=REPORTERS)
routes.get("/cases", list_cases, ListCases, returns=Page[answers.Case], roles=READERS)
routes.get(
    "/cases/{case_id}",
    show,
    ShowCase,
    returns=answers.CaseWithReports,
    roles=READERS,
    area=AreaCheck.ROW,
)
routes.post(
    "/cases/{case_id}/reports",
    handlers.report_again,
    ReportAgain,
    returns=answers.Reported,
    roles=REPORTERS,
    area=AreaCheck.ROW,
    answer=_made,
)
