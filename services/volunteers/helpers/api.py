"""HTTP of volunteers. V3."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from services.volunteers.helpers import answers, handlers
from services.volunteers.helpers.domain import HelperStatus
from services.volunteers.helpers.handlers import TEXTS, ChangeHelper, RegisterHelper
from services.volunteers.helpers.tables import Helper
from services.volunteers.sealing import opened
from shared.database.sql import area_range
from shared.events.base import AreaCode, Id
from shared.exceptions import NotFound
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.security.masking import masked_name, masked_phone
from shared.security.roles import Role

KEEPERS = (Role.COORDINATOR, Role.LEAD)
READERS = (*KEEPERS, Role.COMMAND, Role.HEALTH, Role.RECORDER, Role.COUNSELLOR, Role.HELPER)


class HelpersAsked(Paged):
    """Which volunteers are asked for."""

    area: AreaCode | None = None
    status: HelperStatus | None = None


class OneHelper(BaseModel):
    """Which volunteer is asked for."""

    helper_id: Id


def listed(read: Read, query: HelpersAsked) -> dict[str, Any]:
    """The volunteers of an area; names and phones are masked but for those who keep the list."""
    wanted = select(Helper).where(area_range(Helper.area, read.scope(query.area)))
    if query.status is not None:
        wanted = wanted.where(Helper.status == query.status)
    rows, following = page(read.session, wanted, query, Helper.area, Helper.id)
    return {"items": [_view(read, row) for row in rows], "next": following}


def one(read: Read, query: OneHelper) -> dict[str, Any]:
    """One volunteer."""
    row = read.session.get(Helper, query.helper_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_helper", field="helper_id")
    if not handlers.is_own(read.caller, row.id):
        read.require_access(row.area)
    return _view(read, row)


def _view(read: Read, row: Helper) -> dict[str, Any]:
    known = opened(read.site.vault, "helper", row.id, row.sealed)
    name, phone, person_id = known["name"], known["phone"], row.person_id
    keeps = read.caller is not None and read.caller.role in KEEPERS
    if not keeps and not handlers.is_own(read.caller, row.id):
        name, phone, person_id = masked_name(name), masked_phone(phone) if phone else "", None
    return {
        "id": row.id,
        "area": row.area,
        "name": name,
        "phone": phone or None,
        "person_id": person_id,
        "skills": row.skills,
        "languages": row.languages,
        "capacity": row.capacity,
        "status": row.status,
        "reason": row.reason,
        "status_since": row.status_since,
    }


routes = Routes("/volunteers", "helpers", TEXTS)
routes.post("/helpers", handlers.register, RegisterHelper, roles=KEEPERS)
routes.get("/helpers", listed, HelpersAsked, returns=Page[answers.Helper], roles=READERS)
routes.get(
    "/helpers/{helper_id}",
    one,
    OneHelper,
    returns=answers.Helper,
    roles=READERS,
    area=AreaCheck.ROW,
)
routes.patch(
    "/helpers/{helper_id}",
    handlers.change,
    ChangeHelper,
    returns=answers.ChangedHelper,
    roles=(*KEEPERS, Role.HELPER),
    area=AreaCheck.ROW,
    answer=handlers.changed,
)
