"""HTTP of requests for help. V1, V2."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, select

from services.volunteers.requests import answers, handlers, rights
from services.volunteers.requests.answers import standing, view
from services.volunteers.requests.domain import PRIVATE_KIND
from services.volunteers.requests.handlers import (
    CancelAssistance,
    CompleteAssistance,
    GrantAccess,
    RequestAssistance,
    StartAssistance,
)
from services.volunteers.requests.tables import AssistanceRequest
from services.volunteers.sealing import opened
from shared.database.sql import area_range
from shared.events.base import AreaCode, Id
from shared.events.vocabulary import RequestKind
from shared.events.volunteers.requests import RequestStatus
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.security.vault import KeyDestroyed

TEXTS = Catalogue.beside(__file__)

PEOPLE = (
    *(Role.RESIDENT, Role.RECORDER, Role.COORDINATOR, Role.LEAD, Role.HEALTH, Role.HELPER),
    *(Role.COMMAND, Role.COUNSELLOR),
)
WORKERS = (Role.HELPER, Role.COORDINATOR, Role.LEAD, Role.COUNSELLOR)


class RequestsAsked(Paged):
    """Which requests are asked for."""

    area: AreaCode | None = None
    status: RequestStatus | None = None
    kind: RequestKind | None = None


class OneRequest(BaseModel):
    """Which request is asked for."""

    request_id: Id


def listed(read: Read, query: RequestsAsked) -> dict[str, Any]:
    """Requests of an area by the time they are due, without their text.

    Coordinators are told how many psychological ones there are besides, and no more.
    """
    caller = read.caller
    assert caller is not None  # the route asks for a token
    row = AssistanceRequest
    wanted = select(row)
    if not (caller.role is Role.HELPER and query.area is None):
        wanted = wanted.where(area_range(row.area, read.scope(query.area)))
    if query.status is not None:
        wanted = wanted.where(row.status == query.status)
    asked = wanted if query.kind is None else wanted.where(row.kind == query.kind)
    rows, following = page(
        read.session, asked.where(rights.visible(caller)), query, row.due_at, row.id
    )
    answer: dict[str, Any] = {"items": [view(each, caller) for each in rows], "next": following}
    if caller.role in rights.COUNTS_PRIVATE:
        private = wanted.where(row.kind == PRIVATE_KIND).subquery()
        answer["psychological"] = read.session.scalar(select(func.count()).select_from(private))
    return answer


def one(read: Read, query: OneRequest) -> dict[str, Any]:
    """One request, with its text for those who help."""
    row = rights.admit(read, read.session.get(AssistanceRequest, query.request_id))
    text = None
    if row.sealed_text is not None and rights.may_read_text(read.caller, row):
        try:
            text = opened(read.site.vault, "request", row.id, row.sealed_text).get("text")
        except KeyDestroyed:
            # An erased person's words are gone; the request stays.
            text = None
    return {**view(row, read.caller), "text": text}


routes = Routes("/volunteers", "requests", TEXTS)
routes.post("/requests", handlers.request, RequestAssistance, roles=PEOPLE)
routes.get("/requests", listed, RequestsAsked, returns=answers.RequestPage, roles=PEOPLE)
routes.get(
    "/requests/{request_id}",
    one,
    OneRequest,
    returns=answers.WholeRequest,
    roles=PEOPLE,
    area=AreaCheck.ROW,
)
for step, handler, body, roles in (
    ("start", handlers.start, StartAssistance, WORKERS),
    ("complete", handlers.complete, CompleteAssistance, WORKERS),
    ("cancel", handlers.cancel, CancelAssistance, PEOPLE),
):
    routes.post(
        f"/requests/{{request_id}}/{step}",
        handler,
        body,
        returns=answers.Standing,
        roles=roles,
        area=AreaCheck.ROW,
        status=200,
        answer=standing,
    )
routes.post(
    "/requests/{request_id}/grant",
    handlers.grant,
    GrantAccess,
    returns=answers.Granted,
    roles=WORKERS,
    area=AreaCheck.ROW,
    status=200,
    answer=handlers.granted,
)
