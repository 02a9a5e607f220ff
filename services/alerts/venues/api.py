"""HTTP of venues. D6."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from services.alerts.venues import answers, handlers
from services.alerts.venues.handlers import TEXTS, ChangeVenue, RegisterVenue
from services.alerts.venues.tables import Venue
from shared.database.sql import area_range
from shared.events.alerts.venues import VenueKind, VenueStatus
from shared.events.base import AreaCode, Id
from shared.exceptions import NotFound
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.security.roles import Role


class Venues(Paged):
    """Which venues: those in an area, of a status, of a kind."""

    area: AreaCode | None = None
    status: VenueStatus | None = None
    kind: VenueKind | None = None


class OneVenue(BaseModel):
    """One venue."""

    venue_id: Id


def listed(read: Read, query: Venues) -> dict[str, Any]:
    """Venues, by area."""
    wanted = select(Venue).where(area_range(Venue.area, read.scope(query.area)))
    if query.status:
        wanted = wanted.where(Venue.status == query.status)
    if query.kind:
        wanted = wanted.where(Venue.kind == query.kind)
    rows, following = page(read.session, wanted, query, Venue.area, Venue.id)
    return {"items": [handlers.item(row) for row in rows], "next": following}


def one(read: Read, query: OneVenue) -> dict[str, Any]:
    """One venue."""
    row = read.session.get(Venue, query.venue_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_venue", field="venue_id")
    read.require_access(row.area)
    return handlers.item(row)


DECIDERS = (Role.LEAD, Role.COMMAND)


def area_of(read: Read, venue_id: str) -> AreaCode | None:
    """Where a venue of this id is; None when there is none. An open one may have no event."""
    row = read.session.get(Venue, venue_id)
    return row.area if row else None


routes = Routes("/alerts", "venues", TEXTS)
routes.post(
    "/venues",
    handlers.register,
    RegisterVenue,
    returns=answers.Venue,
    roles=DECIDERS,
    answer=handlers.answer,
)
routes.get("/venues", listed, Venues, returns=Page[answers.Venue], roles=tuple(Role))
routes.get(
    "/venues/{venue_id}",
    one,
    OneVenue,
    returns=answers.Venue,
    roles=tuple(Role),
    area=AreaCheck.ROW,
)
routes.patch(
    "/venues/{venue_id}",
    handlers.change,
    ChangeVenue,
    returns=answers.Venue,
    roles=DECIDERS,
    area=AreaCheck.ROW,
    answer=handlers.answer,
)
