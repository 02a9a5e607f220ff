"""Signing a report off, and excusing a missing one. R1."""

import datetime as dt
from collections.abc import Iterable

from services.rollup.figures.domain import DAILY
from services.rollup.figures.reading import figures_on
from services.rollup.reports import domain, viewing
from services.rollup.reports.tables import Report
from shared.areas.tree import Level, level_of
from shared.events.base import AreaCode, Event
from shared.events.rollup.reports import ReportExcused, ReportSubmitted
from shared.events.vocabulary import Text
from shared.exceptions import Conflict, Invalid, NotFound
from shared.i18n.catalogue import Catalogue
from shared.site import Site
from shared.writer.commands import Command
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)


class OfReport(Command):
    """What stands in the path of a report: its community and its day."""

    code: AreaCode
    date: dt.date


class SignOff(OfReport):
    """The report is signed off (报送) as its figures stand."""

    note: Text | None = None


class Excuse(OfReport):
    """A missing report is excused from above (准予免报), with the reason."""

    reason: Text


def check(site: Site, command: OfReport) -> None:
    """Refuse what is no community, and a day that has not begun."""
    check_community(command.code)
    if command.date > site.clock.now().date():
        raise Invalid(TEXTS, "report_in_the_future", field="date", date=command.date)


def check_community(code: str) -> None:
    """Refuse an area that has no report of its own."""
    if level_of(code) is not Level.COMMUNITY:
        raise Invalid(TEXTS, "report_of_community", field="code", area=code)


def sign_off(tx: Tx, command: SignOff) -> Iterable[Event]:
    """Sign a report off: its figures are frozen as they stand."""
    row = _report(tx, command)
    refusal = domain.refused_sign_off(row.status)
    if refusal:
        raise Conflict(TEXTS, refusal, field="date", area=row.area, date=row.date)
    row.figures = figures_on(tx.session, row.area, row.date)
    row.status = "submitted"
    row.zero = domain.is_zero(row.figures, DAILY)
    row.late = domain.is_late(tx.now, row.deadline)
    row.submitted_at, row.submitted_by, row.note = tx.now, _by(tx), command.note
    return [
        ReportSubmitted(
            area=row.area,
            occurred_at=tx.now,
            date=row.date,
            zero=row.zero,
            late=row.late,
            figures=row.figures,
            by=row.submitted_by,
        )
    ]


def excuse(tx: Tx, command: Excuse) -> Iterable[Event]:
    """Excuse a report that did not or will not come."""
    row = _report(tx, command)
    refusal = domain.refused_excuse(row.status)
    if refusal:
        raise Conflict(TEXTS, refusal, field="date", area=row.area, date=row.date)
    row.status = "excused"
    row.excused_at, row.excused_by, row.excuse = tx.now, _by(tx), command.reason
    return [
        ReportExcused(
            area=row.area,
            occurred_at=tx.now,
            date=row.date,
            reason=command.reason,
            by=row.excused_by,
        )
    ]


def answer(tx: Tx, command: OfReport) -> dict[str, object]:
    """The report as it is now."""
    return viewing.whole(tx.session, tx.site, _report(tx, command))


def _report(tx: Tx, command: OfReport) -> Report:
    row = tx.session.get(Report, (command.date, command.code))
    if row is None:
        raise NotFound(TEXTS, "no_such_report", field="date", area=command.code, date=command.date)
    return row


def _by(tx: Tx) -> str | None:
    return tx.caller.name if tx.caller else None
