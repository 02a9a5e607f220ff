"""Elections: scheduled and held by people, paused and resumed by the measures in force. D4."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import select

from services.alerts.elections import domain
from services.alerts.elections.domain import Pause, Step
from services.alerts.elections.tables import Election
from services.alerts.measures.at_areas import measures_at
from services.alerts.measures.domain import Changed, leaves_all
from services.alerts.measures.in_force import in_force
from shared.database.sql import area_range
from shared.events.alerts.elections import ElectionPaused, ElectionScheduled
from shared.events.alerts.measures import MeasureKind
from shared.events.base import AreaCode, Event, Id
from shared.events.causes import dump, load, merge
from shared.events.envelope import Recorded
from shared.events.vocabulary import ShortText, Text
from shared.exceptions import Conflict, Invalid, NotFound
from shared.i18n.catalogue import Catalogue
from shared.security.audit import record
from shared.writer.commands import Command, Day
from shared.writer.handlers import Tx
from shared.writer.timers import Due

TEXTS = Catalogue.beside(__file__)

PAUSES: tuple[MeasureKind, ...] = ("election_pause",)
PAUSE_LIMIT = "elections.pause_limit"
COLUMNS = tuple(field.name for field in fields(domain.Election) if field.name != "because")


class ScheduleElection(Command):
    """An election (换届选举) and its polling day, in China Standard Time."""

    area: AreaCode
    name: ShortText
    polling_on: Day


class ChangeElection(Command):
    """A new polling day, another name, or that it was held."""

    election_id: Id
    polling_on: Day | None = None
    status: Literal["held"] | None = None
    name: ShortText | None = None
    reason: Text | None = None


def schedule(tx: Tx, command: ScheduleElection) -> Iterable[Event]:
    """Schedule an election; refused with 422 when its polling day has passed."""
    _check_day(tx, command.polling_on)
    step = domain.scheduled(
        command.id, command.area, command.name, command.polling_on, now=tx.now, by=_by(tx)
    )
    row = Election(id=command.id)
    _keep(row, step)
    tx.session.add(row)
    return step.events


def change(tx: Tx, command: ChangeElection) -> Iterable[Event]:
    """Set a new polling day, rename an election, or record that it was held."""
    row = _row(tx, command.election_id)
    if command.status and command.polling_on:
        raise Invalid(TEXTS, "date_or_held", field="polling_on")
    if not (command.status or command.polling_on or command.name):
        raise Invalid(TEXTS, "nothing_to_change", field="body")
    if command.name:
        row.name = command.name
    if command.polling_on:
        return _reschedule(tx, row, command.polling_on, command.reason)
    return _hold(tx, row) if command.status else ()


def pause_where_in_force(tx: Tx, scheduling: Recorded[ElectionScheduled]) -> Iterable[Event]:
    """An election scheduled where a pause is in force is paused at once."""
    row = _row(tx, scheduling.data.election_id)
    measure = in_force(tx.session, tx.site, row.area, PAUSES).get("election_pause")
    if measure is None:
        return ()
    # The measure and the scheduling are both its causes: a new date makes a new pause.
    because = merge(measure.because, scheduling.causes())
    pause = Pause(measure.id, because, _limit_days(tx, row))
    return _take(tx, row, domain.paused_or_resumed(_election(row), pause, (), tx.now))


def measures_changed(tx: Tx, cause: Changed) -> Iterable[Event]:
    """Pause and resume the elections under an area as its measures in force ask now."""
    if leaves_all(cause):
        return ()
    area = cause.data.area
    query = select(Election).where(area_range(Election.area, area), Election.status != "held")
    rows = tx.session.scalars(query.order_by(Election.id)).all()
    found = measures_at(tx.session, tx.site, [row.area for row in rows], area, PAUSES)
    ended = cause.causes(tx.pack.line("elections.pause_levels"))
    events: list[Event] = []
    for row in rows:
        measure = found[row.area].get("election_pause")
        pause = None
        if measure:
            pause = Pause(measure.id, cause.causes(measure.line), _limit_days(tx, row))
        step = domain.paused_or_resumed(_election(row), pause, ended, tx.now)
        events.extend(_take(tx, row, step))
    return events


def pause_limit_reached(tx: Tx, due: Due) -> Iterable[Event]:
    """Ask for a decision on an election whose pause has reached the province's limit."""
    row = tx.session.get(Election, due.key)
    if row is None:
        return ()
    line = tx.pack.line(tx.pack.elections.pause_limit(row.area)[1])
    return _take(tx, row, domain.overdue(_election(row), line, tx.now))


def item(row: Election) -> dict[str, Any]:
    """An election as it is listed."""
    return {
        "id": row.id,
        "area": row.area,
        "name": row.name,
        "polling_on": row.polling_on,
        "status": row.status,
        "since": row.since,
        "because": row.because,
        "measure_id": row.measure_id,
        "pause_limit_on": row.pause_limit_on,
        "decision_due": row.decision_due_since is not None,
        "reason": row.reason,
    }


def answer(tx: Tx, command: ScheduleElection | ChangeElection) -> dict[str, Any]:
    """The election after a change."""
    known = command.election_id if isinstance(command, ChangeElection) else command.id
    return item(_row(tx, known))


def _reschedule(tx: Tx, row: Election, polling_on: date, reason: str | None) -> Iterable[Event]:
    if row.status == "held":
        raise Conflict(TEXTS, "election_is_held", field="status")
    _check_day(tx, polling_on)
    record(tx, "election.dated", row.id, reason or "")
    step = domain.rescheduled(_election(row), polling_on, tx.now, reason, _by(tx))
    return _take(tx, row, step)


def _hold(tx: Tx, row: Election) -> Iterable[Event]:
    election = _election(row)
    fault = domain.held_fault(election, tx.now)
    if fault:
        raise Conflict(TEXTS, fault, field="status", polling_on=row.polling_on)
    record(tx, "election.held", row.id)
    return _take(tx, row, domain.held(election, tx.now, _by(tx)))


def _take(tx: Tx, row: Election, step: Step) -> Iterable[Event]:
    _keep(row, step)
    if any(isinstance(event, ElectionPaused) for event in step.events):
        tx.schedule(PAUSE_LIMIT, row.id, row.since + timedelta(days=_limit_days(tx, row)))
    elif step.events and row.status != "paused":
        tx.unschedule(PAUSE_LIMIT, row.id)
    return step.events


def _keep(row: Election, step: Step) -> None:
    for column in COLUMNS:
        setattr(row, column, getattr(step.election, column))
    row.because = dump(step.election.because)


def _election(row: Election) -> domain.Election:
    facts = {column: getattr(row, column) for column in COLUMNS}
    return domain.Election(**facts, because=load(row.because))


def _row(tx: Tx, election_id: str) -> Election:
    row = tx.session.get(Election, election_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_election", field="election_id")
    tx.require_access(row.area)
    return row


def _check_day(tx: Tx, polling_on: date) -> None:
    fault = domain.date_fault(polling_on, tx.now)
    if fault:
        raise Invalid(TEXTS, fault, field="polling_on", today=tx.now.date())


def _limit_days(tx: Tx, row: Election) -> int:
    return tx.pack.elections.pause_limit(row.area)[0]


def _by(tx: Tx) -> str | None:
    return tx.caller.name if tx.caller else None
