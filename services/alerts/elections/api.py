"""HTTP of elections. D4."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from services.alerts.elections import answers, handlers
from services.alerts.elections.handlers import TEXTS, ChangeElection, ScheduleElection
from services.alerts.elections.tables import Election
from shared.database.sql import area_range
from shared.events.alerts.elections import ElectionStatus
from shared.events.base import AreaCode, Id
from shared.exceptions import NotFound
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.security.roles import Role


class Elections(Paged):
    """Which elections: those in an area, of a status."""

    area: AreaCode | None = None
    status: ElectionStatus | None = None


class OneElection(BaseModel):
    """One election."""

    election_id: Id


def listed(read: Read, query: Elections) -> dict[str, Any]:
    """Elections, by polling day."""
    wanted = select(Election).where(area_range(Election.area, read.scope(query.area)))
    if query.status:
        wanted = wanted.where(Election.status == query.status)
    rows, following = page(read.session, wanted, query, Election.polling_on, Election.id)
    return {"items": [handlers.item(row) for row in rows], "next": following}


def one(read: Read, query: OneElection) -> dict[str, Any]:
    """One election."""
    row = read.session.get(Election, query.election_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_election", field="election_id")
    read.require_access(row.area)
    return handlers.item(row)


COMMITTEE = (Role.ELECTION, Role.COMMAND)

routes = Routes("/alerts", "elections", TEXTS)
routes.post(
    "/elections",
    handlers.schedule,
    ScheduleElection,
    returns=answers.Election,
    roles=(*COMMITTEE, Role.LEAD),
    answer=handlers.answer,
)
routes.get("/elections", listed, Elections, returns=Page[answers.Election], roles=tuple(Role))
routes.get(
    "/elections/{election_id}",
    one,
    OneElection,
    returns=answers.Election,
    roles=tuple(Role),
    area=AreaCheck.ROW,
)
routes.patch(
    "/elections/{election_id}",
    handlers.change,
    ChangeElection,
    returns=answers.Election,
    roles=COMMITTEE,
    area=AreaCheck.ROW,
    answer=handlers.answer,
)
