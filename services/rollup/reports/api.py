"""HTTP of the daily reports. R1."""

import datetime as dt
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from services.rollup.figures.api import STAFF
from services.rollup.reports import answers, handlers, viewing
from services.rollup.reports.handlers import TEXTS, Excuse, SignOff
from services.rollup.reports.tables import Report
from shared.database.sql import area_range
from shared.events.base import AreaCode
from shared.events.rollup.reports import ReportStatus
from shared.exceptions import NotFound
from shared.http.answers import Page
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.security.roles import Role


class ReportAsked(BaseModel):
    """One report: a community and a day."""

    code: AreaCode
    date: dt.date


class ReportsAsked(Paged):
    """The reports of an area and all below it, of a day, in a status."""

    area: AreaCode | None = None
    date: dt.date | None = None
    status: ReportStatus | None = None


def one(read: Read, asked: ReportAsked) -> dict[str, Any]:
    """The report of a community and a day; its figures are live until it is signed off."""
    handlers.check_community(asked.code)
    row = read.session.get(Report, (asked.date, asked.code))
    if row is None:
        raise NotFound(TEXTS, "no_such_report", field="date", area=asked.code, date=asked.date)
    return viewing.whole(read.session, read.site, row)


def listed(read: Read, asked: ReportsAsked) -> dict[str, Any]:
    """The reports of an area: those of one day in the order of the tree, else the latest first."""
    query = select(Report).where(area_range(Report.area, read.scope(asked.area)))
    if asked.status is not None:
        query = query.where(Report.status == asked.status)
    if asked.date is not None:
        rows, cursor = page(
            read.session, query.where(Report.date == asked.date), asked, Report.area
        )
    else:
        rows, cursor = page(read.session, query, asked, Report.date, Report.area, newest_first=True)
    return {"items": viewing.brief(read.session, read.site, rows), "next": cursor}


routes = Routes("/rollup", "reports", TEXTS)
routes.get("/reports", listed, ReportsAsked, returns=Page[answers.Report], roles=STAFF)
routes.get("/reports/{code}/{date}", one, ReportAsked, returns=answers.WholeReport, roles=STAFF)
routes.post(
    "/reports/{code}/{date}/sign-off",
    handlers.sign_off,
    SignOff,
    returns=answers.WholeReport,
    roles=(Role.LEAD, Role.COMMAND),
    status=200,
    answer=handlers.answer,
    check=handlers.check,
)
routes.post(
    "/reports/{code}/{date}/excuse",
    handlers.excuse,
    Excuse,
    returns=answers.WholeReport,
    roles=(Role.COMMAND,),
    status=200,
    answer=handlers.answer,
    check=handlers.check,
)
