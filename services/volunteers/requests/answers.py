"""Requests as they are shown, without their text."""

from typing import Any

from services.volunteers.requests.rights import maker
from services.volunteers.requests.tables import AssistanceRequest
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
