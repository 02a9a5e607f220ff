"""Gauges of the daily reports (日报告). R1."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.rollup.reports.domain import MOST_DAYS_BACK
from services.rollup.reports.tables import Report
from shared.runtime.service import AreaGauge
from shared.site import Site


def _missing(session: Session, site: Site) -> Mapping[str, float]:
    first = site.clock.now().date() - dt.timedelta(days=MOST_DAYS_BACK - 1)
    query = select(Report.area, func.count()).where(
        Report.date >= first, Report.status == "missing"
    )
    return dict(session.execute(query.group_by(Report.area)).all())


REPORTS_MISSING = AreaGauge(
    "bulwark_reports_missing",
    "Reports of the last 31 days that are missing and not excused, by community",
    _missing,
)
