"""Requests as matching sees them: what is open, and what each helper has in hand. V2."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.volunteers.requests import domain, steps
from services.volunteers.requests.domain import Request
from services.volunteers.requests.tables import AssistanceRequest
from shared.database.sql import area_range
from shared.events.base import Cause
from shared.events.volunteers.helpers import StandDownReason
from shared.events.volunteers.requests import AssistanceMatched
from shared.writer.handlers import Tx


def open_under(session: Session, area: str, kinds: Sequence[str], limit: int) -> Sequence[Request]:
    """The open requests of an area of these kinds, those due soonest first."""
    row = AssistanceRequest
    query = select(row).where(row.status == "open", area_range(row.area, area), row.kind.in_(kinds))
    return list(session.scalars(query.order_by(row.due_at, row.id).limit(limit)))


def loads(session: Session, helper_ids: Iterable[str]) -> dict[str, int]:
    """How many requests each of these helpers has in hand; those with none are absent."""
    row = AssistanceRequest
    in_hand = row.status.in_(("matched", "started"))
    query = select(row.helper_id, func.count()).where(in_hand).group_by(row.helper_id)
    wanted = set(helper_ids)
    return {str(helper): count for helper, count in session.execute(query) if helper in wanted}


def give(tx: Tx, request: Request, helper_id: str, policy: str | None = None) -> AssistanceMatched:
    """Give an open request to a helper, by hand or by a line of the pack."""
    return steps.give(tx, steps.row_of(request), helper_id, policy)


def take_back(tx: Tx, helper_id: str, reason: StandDownReason, why: Cause) -> Sequence[Request]:
    """What a helper who stands down gives up is open again; returns it."""
    row = AssistanceRequest
    query = select(row).where(row.helper_id == helper_id, row.status.in_(domain.given_up(reason)))
    taken = list(tx.session.scalars(query.order_by(row.id)))
    for each in taken:
        steps.take_from_helper(tx, each, why)
    return taken
