"""Who may see and touch which request. V1, V7.

Helpers have their own tasks, residents their own requests, counsellors what is psychological;
the others see everything of their area but that.
"""

from typing import Protocol

from sqlalchemy import ColumnElement

from services.volunteers.requests.domain import PRIVATE_KIND
from services.volunteers.requests.tables import AssistanceRequest
from shared.events.base import Event
from shared.events.volunteers.requests import AssistanceEvent
from shared.exceptions import Forbidden, NotFound
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.security.tokens import Caller
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)

READS_ALL_TEXT = (Role.COORDINATOR, Role.LEAD, Role.COUNSELLOR)
COUNTS_PRIVATE = (Role.COORDINATOR, Role.LEAD)


class Asked(Protocol):
    """What reads and transactions have in common: who asks, and the check of an area."""

    @property
    def caller(self) -> Caller | None:
        """Who asks; None when the service acts by itself."""
        ...

    def require_access(self, area: str) -> None:
        """Refuse an area outside the caller's rights."""
        ...


def maker(caller: Caller | None) -> str:
    """How a request remembers who made it: role and name; empty for a service plan."""
    return f"{caller.role.value}:{caller.name}" if caller else ""


def visible(caller: Caller) -> ColumnElement[bool]:
    """The condition that a caller may see a request of a list."""
    row = AssistanceRequest
    match caller.role:
        case Role.HELPER:
            return row.helper_id == caller.name
        case Role.RESIDENT:
            return row.requested_by == maker(caller)
        case Role.COUNSELLOR:
            return row.kind == PRIVATE_KIND
        case _:
            return row.kind != PRIVATE_KIND


def admit(asked: Asked, row: AssistanceRequest | None) -> AssistanceRequest:
    """The request, when the caller may see it; raises NotFound or Forbidden."""
    if row is None:
        raise NotFound(TEXTS, "no_such_request", field="request_id")
    caller = asked.caller
    if caller is None or _own_task(caller, row) or _own_request(caller, row):
        return row
    if caller.role in (Role.HELPER, Role.RESIDENT):
        raise Forbidden(TEXTS, f"not_your_own.{caller.role.value}", field="request_id")
    if (caller.role is Role.COUNSELLOR) != (row.kind == PRIVATE_KIND):
        raise Forbidden(TEXTS, "counsellors_only", field="request_id")
    asked.require_access(row.area)
    return row


def admitted(tx: Tx, request_id: str) -> AssistanceRequest:
    """The request of this id, when the caller may see it; raises NotFound or Forbidden."""
    return admit(tx, tx.session.get(AssistanceRequest, request_id))


def may_read_text(caller: Caller | None, row: AssistanceRequest) -> bool:
    """Whether the caller may read what the request says, once admitted to it."""
    if caller is None:
        return False
    own = _own_task(caller, row) or row.requested_by == maker(caller)
    return own or caller.role in READS_ALL_TEXT


def _own_task(caller: Caller, row: AssistanceRequest) -> bool:
    # A helper's token is named after the helper; a task may lie beyond the token's area.
    return caller.role is Role.HELPER and row.helper_id == caller.name


def _own_request(caller: Caller, row: AssistanceRequest) -> bool:
    return caller.role is Role.RESIDENT and row.requested_by == maker(caller)


def may_be_told(asked: Asked, event: Event) -> bool:
    """Whether `why` tells the caller of it: psychological support is for those who give it."""
    private = isinstance(event, AssistanceEvent) and event.kind == PRIVATE_KIND
    return not private or (asked.caller is not None and asked.caller.role == Role.COUNSELLOR)
