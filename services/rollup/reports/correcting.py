"""Corrections (更正): what changes in a day's figures after its report was signed off. R1."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, select

from services.rollup.figures.domain import DAILY, Tally
from services.rollup.figures.reading import figures_on
from services.rollup.reports import domain
from services.rollup.reports.tables import Report, ReportRevision
from shared.database.sql import pieces
from shared.events.base import Cause, Event
from shared.events.rollup.reports import ReportCorrected
from shared.writer.handlers import Tx
from shared.writer.timers import Due

CORRECT = "reports.correct"


def correct(tx: Tx, tally: Tally) -> list[Event]:
    """Correct the signed reports whose figures a run of events has changed.

    The first correction comes at once; the more there were, the longer the next one waits.
    """
    touched = tally.touched()
    since = tally.standing_since()
    events: list[Event] = []
    for row in _signed(tx, touched, since):
        by = touched.get((row.date, row.area))
        if by is None and row.date > since.get(row.area, row.date):
            by = touched[since[row.area], row.area]
        if by is None or row.pending is not None:
            continue
        at = domain.next_correction(row.revision, row.corrected_at)
        if at is None or at <= tx.now:
            events.extend(_correct(tx, row, by.causes()))
        else:
            row.pending = [cause.model_dump(mode="json") for cause in by.causes()]
            tx.schedule(CORRECT, f"{row.area}:{row.date}", at)
    return events


def correct_due(tx: Tx, due: Due) -> Iterable[Event]:
    """Make the correction that waited for its time."""
    area, _, day = due.key.partition(":")
    row = tx.session.get(Report, (dt.date.fromisoformat(day), area))
    if row is None or row.pending is None:
        return []
    return _correct(tx, row, [Cause.model_validate(cause) for cause in row.pending])


def _signed(
    tx: Tx, touched: Iterable[tuple[dt.date, str]], since: Mapping[str, dt.date]
) -> list[Report]:
    """The signed reports of the days and communities that were touched; a thing that stands
    differently since a day does so on all after it."""
    wanted: dict[dt.date, set[str]] = {}
    for day, area in touched:
        wanted.setdefault(day, set()).add(area)
    standing: dict[dt.date, set[str]] = {}
    for area, day in since.items():
        standing.setdefault(day, set()).add(area)
    found: dict[tuple[dt.date, str], Report] = {}
    for day, areas in wanted.items():
        found |= _submitted(tx, Report.date == day, areas)
    for day, areas in standing.items():
        found |= _submitted(tx, Report.date > day, areas)
    return [found[key] for key in sorted(found)]


def _submitted(
    tx: Tx, days: ColumnElement[bool], areas: Iterable[str]
) -> dict[tuple[dt.date, str], Report]:
    found: dict[tuple[dt.date, str], Report] = {}
    for some in pieces(sorted(areas)):
        query = select(Report).where(days, Report.area.in_(some), Report.status == "submitted")
        found |= {(row.date, row.area): row for row in tx.session.scalars(query)}
    return found


def _correct(tx: Tx, row: Report, because: Iterable[Cause]) -> list[Event]:
    signed: dict[str, int] = row.figures or {}
    changed = domain.changes(signed, figures_on(tx.session, row.area, row.date))
    row.pending = None
    if not changed:
        return []
    row.figures = {**signed, **{name: change.after for name, change in changed.items()}}
    row.zero = domain.is_zero(row.figures, DAILY)
    row.revision += 1
    row.corrected_at = tx.now
    causes = tuple(because)
    values: dict[str, Any] = {"date": row.date, "area": row.area, "revision": row.revision}
    revision = ReportRevision(
        **values,
        at=tx.now,
        changed={name: change.model_dump() for name, change in changed.items()},
        because=[cause.model_dump(mode="json") for cause in causes],
    )
    tx.session.add(revision)
    return [
        ReportCorrected(
            **values,
            occurred_at=tx.now,
            because=causes,
            changed=changed,
            zero=row.zero,
            late=row.late,
            figures=row.figures,
        )
    ]
