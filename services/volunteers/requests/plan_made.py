"""Requests that service plans make for registered people, and take back. D8."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from services.volunteers.requests import domain, steps
from services.volunteers.requests.domain import Request
from services.volunteers.requests.tables import AssistanceRequest
from shared.database.sql import pieces
from shared.events.base import Cause
from shared.events.causes import caused_by, dump
from shared.events.vocabulary import RequestKind
from shared.events.volunteers.requests import AssistanceCancelled, AssistanceRequested
from shared.writer.handlers import Tx
from shared.writer.timers import schedule_many


@dataclass(frozen=True, slots=True)
class Planned:
    """A request to be made for a person; `episode` is the id of the plan's event."""

    request_id: str
    person_id: str
    area: str
    kind: RequestKind
    due_at: datetime
    episode: str
    because: tuple[Cause, ...]


def of_people(session: Session, person_ids: Iterable[str]) -> Sequence[Request]:
    """All requests that plans have made for these people."""
    found: list[AssistanceRequest] = []
    for some in pieces(sorted(set(person_ids))):
        query = select(AssistanceRequest).where(
            AssistanceRequest.person_id.in_(some), AssistanceRequest.episode.is_not(None)
        )
        found.extend(session.scalars(query.order_by(AssistanceRequest.id)))
    return found


def make(tx: Tx, planned: Sequence[Planned]) -> list[AssistanceRequested]:
    """Make requests, many at once."""
    if not planned:
        return []
    events = [_requested(tx, one) for one in planned]
    rows = [
        {
            "id": one.request_id,
            "area": one.area,
            "kind": one.kind,
            "status": "open",
            "person_id": one.person_id,
            "on_behalf": False,
            "requested_by": "",
            "requested_at": tx.now,
            "due_at": one.due_at,
            "episode": one.episode,
            "withdrawn": False,
            "because": dump(caused_by(event, tx.now)),
        }
        for one, event in zip(planned, events, strict=True)
    ]
    tx.session.execute(insert(AssistanceRequest), rows)
    rules = tx.pack.requests
    times = [(one.request_id, domain.climbs_at(one.due_at, rules)) for one in planned]
    schedule_many(tx.connection, steps.DUE, times)
    return events


def make_again(tx: Tx, request: Request, planned: Planned) -> AssistanceRequested:
    """A request that its plan took back is wanted again."""
    row = steps.row_of(request)
    event = _requested(tx, planned)
    row.status, row.withdrawn, row.ended_at, row.reason = "open", False, None, None
    row.requested_at, row.escalated_at = tx.now, None
    row.because = dump(caused_by(event, tx.now))
    _move(tx, row, planned)
    return event


def follow(tx: Tx, request: Request, planned: Planned) -> None:
    """An open request goes where its person now lives, and is due when it would now be."""
    if (request.area, request.due_at) != (planned.area, planned.due_at):
        _move(tx, steps.row_of(request), planned)


def withdraw(
    tx: Tx, request: Request, reason: str, because: tuple[Cause, ...]
) -> AssistanceCancelled:
    """The plan takes back a request that nobody has been given yet."""
    row = steps.row_of(request)
    event = steps.cancel(tx, row, reason, because)
    row.withdrawn = True
    return event


def _move(tx: Tx, row: AssistanceRequest, planned: Planned) -> None:
    row.area, row.due_at = planned.area, planned.due_at
    if row.escalated_at is None:
        tx.schedule(steps.DUE, row.id, domain.climbs_at(row.due_at, tx.pack.requests))


def _requested(tx: Tx, planned: Planned) -> AssistanceRequested:
    return AssistanceRequested(
        area=planned.area,
        occurred_at=tx.now,
        because=planned.because,
        request_id=planned.request_id,
        kind=planned.kind,
        person_id=domain.person_told(planned.kind, planned.person_id),
        due_at=planned.due_at,
    )
