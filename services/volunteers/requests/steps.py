"""The steps of a request: each changes its row and returns the event that tells of it. V1, V2.

What follows from a step carries it as its last cause, so that the line grows from the first cause
to the help given, and no two events of a request share an id.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

from services.volunteers.requests import domain
from services.volunteers.requests.domain import Request, Step
from services.volunteers.requests.tables import AssistanceRequest
from shared.events.base import Cause
from shared.events.causes import caused_by, dump, load, merge
from shared.events.volunteers.hours import HoursLogged
from shared.events.volunteers.requests import (
    AssistanceCancelled,
    AssistanceCompleted,
    AssistanceEscalated,
    AssistanceEvent,
    AssistanceMatched,
    AssistanceStarted,
)
from shared.exceptions import Conflict
from shared.i18n.catalogue import Catalogue
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)

DUE = "requests.due"

E = TypeVar("E", bound=AssistanceEvent)


def row_of(request: Request) -> AssistanceRequest:
    """The row of a request that another feature holds."""
    assert isinstance(request, AssistanceRequest)
    return request


def demand(step: Step, row: Request) -> None:
    """Refuse a step that this request's status does not allow; raises Conflict naming it."""
    if not domain.allows(step, row.status):
        raise Conflict(
            TEXTS,
            f"wrong_status.{step}",
            field="status",
            extras={"request_status": row.status},
            status=row.status,
        )


def facts(row: AssistanceRequest) -> dict[str, Any]:
    """The fields that every event of a request repeats."""
    return {
        "area": row.area,
        "request_id": row.id,
        "kind": row.kind,
        "person_id": domain.person_told(row.kind, row.person_id),
        "due_at": row.due_at,
    }


def give(
    tx: Tx, row: AssistanceRequest, helper_id: str, policy: str | None = None
) -> AssistanceMatched:
    """Give an open request to a helper, by hand or by a line of the pack."""
    row.status, row.helper_id, row.matched_at = "matched", helper_id, tx.now
    event = AssistanceMatched(
        **facts(row), occurred_at=tx.now, because=load(row.because, policy), helper_id=helper_id
    )
    return _next(tx, row, event)


def take_from_helper(tx: Tx, row: AssistanceRequest, why: Cause) -> None:
    """A request is open again, because its helper may not serve; its deadline counts again."""
    row.status, row.helper_id, row.matched_at, row.started_at = "open", None, None, None
    if row.escalated_at is None:
        tx.schedule(DUE, row.id, domain.climbs_at(row.due_at, tx.pack.requests))
    row.because = dump(merge(load(row.because), (why,)))


def start(tx: Tx, row: AssistanceRequest) -> AssistanceStarted:
    """The helper sets out."""
    demand("start", row)
    row.status, row.started_at = "started", tx.now
    tx.unschedule(DUE, row.id)
    return _next(tx, row, AssistanceStarted(**_told(tx, row), helper_id=str(row.helper_id)))


def complete(
    tx: Tx, row: AssistanceRequest, hours: float | None
) -> list[AssistanceCompleted | HoursLogged]:
    """The help was given; `hours` of service are logged for the helper. V3."""
    demand("complete", row)
    row.status, row.ended_at, row.hours = "completed", tx.now, hours
    tx.unschedule(DUE, row.id)
    done = _next(tx, row, AssistanceCompleted(**_told(tx, row), helper_id=row.helper_id))
    if hours is None or row.helper_id is None:
        return [done]
    logged = HoursLogged(
        area=row.area,
        occurred_at=tx.now,
        because=load(row.because),
        helper_id=row.helper_id,
        starts_at=tx.now - timedelta(hours=hours),
        ends_at=tx.now,
        request_id=row.id,
    )
    return [done, logged]


def cancel(
    tx: Tx, row: AssistanceRequest, reason: str | None, because: Sequence[Cause] | None = None
) -> AssistanceCancelled:
    """The request is no longer wanted; `because` when something else than it ends it."""
    demand("cancel", row)
    row.status, row.ended_at, row.reason = "cancelled", tx.now, reason
    tx.unschedule(DUE, row.id)
    told = _told(tx, row) if because is None else {**_told(tx, row), "because": tuple(because)}
    return _next(tx, row, AssistanceCancelled(**told, helper_id=row.helper_id, reason=reason))


def climb(tx: Tx, row: AssistanceRequest) -> AssistanceEscalated:
    """Nobody has begun in time: it climbs to the level above, once. V2."""
    row.escalated_at = tx.now
    line = tx.pack.line("requests.escalate_minutes_before_due")
    event = AssistanceEscalated(
        **facts(row),
        occurred_at=tx.now,
        because=load(row.because, line),
        level=domain.level_above(row.area),
    )
    return _next(tx, row, event)


def _told(tx: Tx, row: AssistanceRequest) -> dict[str, Any]:
    return {**facts(row), "occurred_at": tx.now, "because": load(row.because)}


def _next(tx: Tx, row: AssistanceRequest, event: E) -> E:
    row.because = dump(caused_by(event, tx.now))
    return event
