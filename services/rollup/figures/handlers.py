"""Keeping the counters as events come, a run of events at a time. R4, R3."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from services.rollup.figures import domain, states
from services.rollup.figures.domain import CaseReport, Key, Tally
from services.rollup.figures.states import State
from services.rollup.figures.tables import CountedCase, StandingThing, add_daily, add_standing
from services.rollup.replacing import replace, stored
from shared.events.envelope import Recorded
from shared.events.intake.cases import CaseReported
from shared.writer.handlers import Tx


def count(tx: Tx, run: list[Recorded[Any]]) -> Tally:
    """Count a run of events, up the whole tree; returns what it added at the areas themselves."""
    tally = domain.count(run)
    _count_cases(tx, run, tally)
    _count_states(tx, run, tally)
    add(tx.connection, tally.daily, tally.standing)
    return tally


def add(connection: Connection, daily: Mapping[Key, int], standing: Mapping[Key, int]) -> None:
    """Add to the figures of areas, and to those of every area above them."""
    add_daily(connection, domain.upwards(daily))
    add_standing(connection, domain.upwards(standing))


def _count_cases(tx: Tx, run: list[Recorded[Any]], tally: Tally) -> None:
    reported = [recorded for recorded in run if type(recorded.data) is CaseReported]
    if not reported:
        return
    ids = {recorded.data.case_id for recorded in reported}
    rows = stored(tx.session, CountedCase, sorted(ids))
    known = {row.id: [_read(report) for report in row.reports] for row in rows}
    for recorded in reported:
        reports = known.setdefault(recorded.data.case_id, [])
        before = domain.case_counts(reports)
        reports.append(domain.case_report(recorded))
        after = domain.case_counts(reports)
        for day, area, figure in after - before:
            tally.count(day, area, figure, 1, recorded)
        for day, area, figure in before - after:
            tally.count(day, area, figure, -1, recorded)
    replace(
        tx.session,
        CountedCase,
        {id_: {"id": id_, "reports": _written(reports)} for id_, reports in known.items()},
    )


def _read(report: list[Any]) -> CaseReport:
    sequence, day, area, status, confirmed_on = report
    confirmed = dt.date.fromisoformat(confirmed_on) if confirmed_on else None
    return CaseReport(sequence, dt.date.fromisoformat(day), area, status, confirmed)


def _written(reports: Iterable[CaseReport]) -> list[list[Any]]:
    return [
        [r.sequence, r.day.isoformat(), r.area, r.status, r.confirmed_on and str(r.confirmed_on)]
        for r in reports
    ]


def _count_states(tx: Tx, run: list[Recorded[Any]], tally: Tally) -> None:
    changes = [recorded for recorded in run if states.changes_state(recorded.data)]
    if not changes:
        return
    things = {states.thing_of(recorded.data) for recorded in changes}
    rows = stored(tx.session, StandingThing, sorted(things))
    known: dict[str, State | None] = dict.fromkeys(things)
    known |= {row.thing: State(row.figure, row.area) for row in rows}
    for recorded in changes:
        event = recorded.data
        thing = states.thing_of(event)
        before = known[thing]
        after = known[thing] = states.state_after(event, before)
        if before == after:
            continue
        day = domain.local_day(event.occurred_at)
        if before:
            tally.stand(day, before.area, before.figure, -1, recorded)
        if after:
            tally.stand(day, after.area, after.figure, 1, recorded)
    replace(
        tx.session,
        StandingThing,
        {
            thing: state and {"thing": thing, "figure": state.figure, "area": state.area}
            for thing, state in known.items()
        },
    )
