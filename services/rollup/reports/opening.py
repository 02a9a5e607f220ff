"""Opening a report for every community and day, and finding those that did not come. R1.

Everything here is done by the clock: at the start, at the hour of opening, at the deadline.
"""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import func, insert, select, update

from services.rollup.reports import domain
from services.rollup.reports.tables import Report
from shared.events.base import Event
from shared.events.rollup.reports import ReportMissed, ReportOpened
from shared.policy.reports import Reports
from shared.site import Site
from shared.writer.handlers import Tx
from shared.writer.timers import Due

OPEN = "reports.open"
DEADLINE = "reports.deadline"
# A transaction must not grow with the tree: what goes beyond this follows in the next one.
AT_ONCE = 2000


def start(tx: Tx) -> Iterable[Event]:
    """Open today's reports, and those of the days on which nothing ran."""
    latest = domain.latest_open_day(tx.now, tx.pack.reports)
    last = tx.session.scalar(select(func.max(Report.date)))
    events: list[Event] = []
    if last is not None or latest == tx.now.date():
        for day in domain.days_to_open(last, latest):
            tx.unschedule(OPEN, day.isoformat())
            events.extend(_open(tx, day))
    _schedule_opening(tx, latest + dt.timedelta(days=1))
    return events


def open_due(tx: Tx, due: Due) -> Iterable[Event]:
    """Open the reports of a day when its hour has come, and ask for the next day's."""
    date, _, after = due.key.partition("/")
    day = dt.date.fromisoformat(date)
    oldest = tx.now.date() - dt.timedelta(days=domain.MOST_DAYS_BACK - 1)
    events = _open(tx, day, after) if day >= oldest else []
    # The pieces of a day ask for nothing more: each would begin with the next day once again.
    if not after:
        _schedule_opening(tx, max(day + dt.timedelta(days=1), oldest))
    return events


def miss_due(tx: Tx, due: Due) -> Iterable[Event]:
    """At the deadline: every report that is still open is missing (漏报)."""
    day = dt.date.fromisoformat(due.key)
    still_open = (Report.date == day, Report.status == "open")
    query = select(Report.area, Report.deadline).where(*still_open).order_by(Report.area)
    rows = tx.session.execute(query.limit(AT_ONCE + 1)).all()
    found = rows[:AT_ONCE]
    if not found:
        return []
    missed = (*still_open, Report.area <= found[-1].area)
    tx.session.execute(update(Report).where(*missed).values(status="missing"))
    if len(rows) > AT_ONCE:
        tx.schedule(DEADLINE, due.key, tx.now)
    return [
        ReportMissed(area=row.area, occurred_at=tx.now, date=day, due_at=row.deadline)
        for row in found
    ]


def _open(tx: Tx, day: dt.date, after: str = "") -> list[Event]:
    """Open a day's reports of the next communities behind a code, and ask for those that follow."""
    communities = tx.site.areas.communities_after(after, AT_ONCE)
    if len(communities) == AT_ONCE:
        tx.schedule(OPEN, f"{day}/{communities[-1]}", tx.now)
    wanted = domain.expected(communities, _known(tx, day, communities))
    if not wanted:
        return []
    due_at = _due_at(tx, day)
    values = {"date": day, "status": "open", "opened_at": tx.now, "deadline": due_at}
    tx.session.execute(insert(Report), [{**values, "area": area} for area in wanted])
    tx.schedule(DEADLINE, day.isoformat(), due_at)
    return [ReportOpened(area=area, occurred_at=tx.now, date=day, due_at=due_at) for area in wanted]


def _known(tx: Tx, day: dt.date, communities: list[str]) -> set[str]:
    if not communities:
        return set()
    between = Report.area.between(communities[0], communities[-1])
    return set(tx.session.scalars(select(Report.area).where(Report.date == day, between)))


def _due_at(tx: Tx, day: dt.date) -> dt.datetime:
    rules = _rules(tx.site, day)
    first = tx.session.scalar(select(func.min(Report.date)))
    if first is not None and first != day:
        return domain.deadline(day, rules)
    # The first day is opened piece by piece: all of it has one deadline.
    began = tx.session.scalar(select(func.min(Report.opened_at)).where(Report.date == day))
    return domain.first_deadline(day, began or tx.now, rules)


def _schedule_opening(tx: Tx, day: dt.date) -> None:
    tx.schedule(OPEN, day.isoformat(), domain.opens_at(day, _rules(tx.site, day)))


def _rules(site: Site, day: dt.date) -> Reports:
    return site.packs.in_force(day).reports
