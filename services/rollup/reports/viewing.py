"""A report as its readers see it. R1."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.rollup.figures.reading import daily_of_many, figures_on
from services.rollup.reports.tables import Report, ReportRevision
from shared.site import Site

BRIEF = ("screenings", "fevers", "alerts", "cases")


def whole(session: Session, site: Site, row: Report) -> dict[str, Any]:
    """A report with all its figures: live until it is signed off, then those in force."""
    figures = row.figures if row.figures is not None else figures_on(session, row.area, row.date)
    query = select(ReportRevision).where(
        ReportRevision.date == row.date, ReportRevision.area == row.area
    )
    revisions = session.scalars(query.order_by(ReportRevision.revision))
    return {
        **_frame(site, row),
        "figures": figures,
        "revisions": [
            {"revision": r.revision, "at": r.at, "changed": r.changed, "because": r.because}
            for r in revisions
        ],
    }


def brief(session: Session, site: Site, rows: Sequence[Report]) -> list[dict[str, Any]]:
    """Reports of a list, each with a few of its figures."""
    live = [row for row in rows if row.figures is None]
    areas, days = {row.area for row in live}, {row.date for row in live}
    found = daily_of_many(session, areas, days, BRIEF) if live else {}
    return [
        {**_frame(site, row), "figures": _few(row.figures or found[row.area, row.date], BRIEF)}
        for row in rows
    ]


def _few(figures: dict[str, int], names: Iterable[str]) -> dict[str, int]:
    return {name: figures.get(name, 0) for name in names}


def _frame(site: Site, row: Report) -> dict[str, Any]:
    name = site.areas.name(row.area) if site.areas.exists(row.area) else row.area
    return {
        "area": row.area,
        "name": name,
        "date": row.date,
        "status": row.status,
        "zero": row.zero,
        "late": row.late,
        "corrected": row.revision > 0,
        "opened_at": row.opened_at,
        "deadline": row.deadline,
        "submitted_at": row.submitted_at,
        "by": row.submitted_by,
        "note": row.note,
        "excused_at": row.excused_at,
        "excused_by": row.excused_by,
        "excuse": row.excuse,
    }
