"""Requests as they are shown, and the models of what their routes answer. V1, V2."""

from typing import Any

from pydantic import AwareDatetime

from services.volunteers.requests.rights import maker
from services.volunteers.requests.tables import AssistanceRequest
from shared.events.base import AreaCode, Id
from shared.events.vocabulary import RequestKind
from shared.events.volunteers.requests import RequestStatus
from shared.http.answers import Answered, Page
from shared.security.tokens import Caller
from shared.writer.handlers import Tx

FIELDS = (
    *("id", "area", "kind", "status", "person_id", "helper_id", "due_at", "requested_at"),
    *("on_behalf", "matched_at", "started_at", "ended_at", "escalated_at", "hours", "reason"),
)


def view(row: AssistanceRequest, caller: Caller | None) -> dict[str, Any]:
    """A request; `made_by_plan` when a service plan and nobody else asked for it.

    `requested_by` stands in the caller's own alone: it may be a resident's name.
    """
    shown = {name: getattr(row, name) for name in FIELDS}
    if caller is not None and row.requested_by == maker(caller):
        shown["requested_by"] = row.requested_by
    return {**shown, "made_by_plan": row.episode is not None}


def standing(tx: Tx, command: Any) -> dict[str, Any]:
    """How a request stands after a step: `{id, status, helper_id}`."""
    row = tx.session.get_one(AssistanceRequest, command.request_id)
    return {"id": row.id, "status": row.status, "helper_id": row.helper_id}


class ListedRequest(Answered):
    """A request for help (求助) without its text.

    `requested_by` stands in the caller's own alone.
    """

    id: Id
    area: AreaCode
    kind: RequestKind
    status: RequestStatus
    person_id: Id | None
    helper_id: Id | None
    due_at: AwareDatetime
    requested_at: AwareDatetime
    on_behalf: bool
    matched_at: AwareDatetime | None
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    escalated_at: AwareDatetime | None
    hours: float | None
    reason: str | None
    requested_by: str | None = None
    made_by_plan: bool


class WholeRequest(ListedRequest):
    """A request with its text, null for who may not read it."""

    text: str | None


class RequestPage(Page[ListedRequest]):
    """One page of requests; coordinators are told how many psychological ones there are besides."""

    psychological: int | None = None


class Standing(Answered):
    """How a request stands after a step."""

    id: Id
    status: RequestStatus
    helper_id: Id | None


class Granted(Answered):
    """The permission to read one person's address, and until when it holds."""

    grant: str
    expires_at: AwareDatetime
