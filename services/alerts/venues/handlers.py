"""Venues: registered and decided by people, closed and limited by the measures in force. D6."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Annotated, Any, cast

from pydantic import Field
from sqlalchemy import select

from services.alerts.measures.at_areas import Found, measures_at
from services.alerts.measures.domain import Changed, leaves_all
from services.alerts.measures.in_force import in_force
from services.alerts.venues import domain
from services.alerts.venues.domain import Asked, InForce, ManualRequest, Step
from services.alerts.venues.tables import Venue
from shared.database.sql import area_range
from shared.events.alerts.measures import MeasureKind
from shared.events.alerts.venues import VenueKind, VenueStatus
from shared.events.base import AreaCode, Event, Id
from shared.events.causes import dump, load
from shared.events.envelope import Recorded
from shared.events.vocabulary import ShortText, Text
from shared.exceptions import Conflict, Invalid, NotFound
from shared.i18n.catalogue import Catalogue
from shared.policy.venues import VenueClosure, VenueLimit
from shared.security.audit import record
from shared.security.roles import Role
from shared.writer.commands import Command
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)

RESTRICTS: tuple[MeasureKind, ...] = ("venue_closure", "venue_limit")
COLUMNS = tuple(
    field.name for field in fields(domain.Venue) if field.name not in ("because", "hand")
)
People = Annotated[int, Field(ge=1, le=100_000)]


class RegisterVenue(Command):
    """A venue (公共活动场所) and how many people it holds."""

    area: AreaCode
    kind: VenueKind
    name: ShortText
    capacity: People | None = None


class ChangeVenue(Command):
    """A venue opened, limited or closed by hand, or its name or capacity put right."""

    venue_id: Id
    status: VenueStatus | None = None
    limit: People | None = None
    name: ShortText | None = None
    capacity: People | None = None
    reason: Text | None = None


def register(tx: Tx, command: RegisterVenue) -> Iterable[Event]:
    """Register a venue; where measures are in force it is at once as they ask."""
    found = in_force(tx.session, tx.site, command.area, RESTRICTS)
    asked = _asked(tx, command.kind, command.capacity, _standing(found))
    step = domain.registered(
        command.id, command.area, command.kind, capacity=command.capacity, asked=asked, now=tx.now
    )
    row = Venue(id=command.id, name=command.name)
    events = _take(row, step)
    tx.session.add(row)
    return events


def change(tx: Tx, command: ChangeVenue) -> Iterable[Event]:
    """Open, limit or close a venue by hand, or correct its name or capacity.

    What a measure in force asks may be overruled by the command alone (409 for others).
    """
    row = _row(tx, command.venue_id)
    if not command.model_fields_set & {"status", "limit", "name", "capacity"}:
        raise Invalid(TEXTS, "nothing_to_change", field="body")
    row.name = command.name or row.name
    standing = _standing(in_force(tx.session, tx.site, row.area, RESTRICTS))
    events: list[Event] = []
    if command.capacity:
        asked = _asked(tx, row.kind, command.capacity, standing)
        events += _take(row, domain.capacity_told(_venue(row), command.capacity, asked, tx.now))
    if command.status or command.limit:
        asked = _asked(tx, row.kind, row.capacity, standing)
        request = _request(tx, command, row, asked)
        record(tx, f"venue.{request.status}", row.id, command.reason or "")
        events += _take(row, domain.requested(_venue(row), request, asked, tx.now))
    return events


def measures_changed(tx: Tx, cause: Changed) -> Iterable[Event]:
    """Close, limit and open the venues under an area as its measures in force ask now."""
    if leaves_all(cause):
        return ()
    area = cause.data.area
    query = select(Venue).where(area_range(Venue.area, area)).order_by(Venue.id)
    rows = tx.session.scalars(query).all()
    found = measures_at(tx.session, tx.site, [row.area for row in rows], area, RESTRICTS)
    events: list[Event] = []
    for row in rows:
        asked = _asked(tx, row.kind, row.capacity, _standing(found[row.area], cause))
        events += _take(row, domain.measured(_venue(row), asked, cause.causes(), tx.now))
    return events


def item(row: Venue) -> dict[str, Any]:
    """A venue as it is listed."""
    hand = row.hand or {}
    return {
        "id": row.id,
        "area": row.area,
        "kind": row.kind,
        "name": row.name,
        "capacity": row.capacity,
        "status": row.status,
        "limit": row.limit,
        "since": row.since,
        "because": row.because,
        "measure_id": row.measure_id,
        "manual": row.hand is not None,
        "reason": hand.get("reason"),
        "by": hand.get("by"),
    }


def answer(tx: Tx, command: RegisterVenue | ChangeVenue) -> dict[str, Any]:
    """The venue after a change."""
    known = command.venue_id if isinstance(command, ChangeVenue) else command.id
    return item(_row(tx, known))


def _request(tx: Tx, command: ChangeVenue, row: Venue, asked: Asked) -> ManualRequest:
    status = command.status or "limited"
    if command.limit is not None and status != "limited":
        raise Invalid(TEXTS, "limit_only_when_limited", field="limit")
    if command.limit and row.capacity and command.limit > row.capacity:
        raise Invalid(TEXTS, "limit_above_capacity", field="limit", capacity=row.capacity)
    if status == "limited" and command.limit is None and asked.status != "limited":
        raise Invalid(TEXTS, "limit_needed", field="limit")
    caller = tx.caller
    request = ManualRequest(
        status, command.limit, reason=command.reason, by=caller.name if caller else None
    )
    if domain.overrules(request, asked) and (caller is None or caller.role != Role.COMMAND):
        raise _against(asked)
    return request


def _against(asked: Asked) -> Conflict:
    measure = cast("InForce", asked.measure)
    facts = {"measure_id": measure.measure_id, "policy": measure.line, "limit": asked.limit}
    message = "venue_closed_by_measure" if asked.status == "closed" else "venue_limited_by_measure"
    return Conflict(TEXTS, message, field="status", extras=facts, **facts)


def _standing(found: Found, cause: Recorded[Any] | None = None) -> list[InForce]:
    """The measures on venues; what follows has the causes of the change, else of the measure."""
    standing = []
    for measure in found.values():
        if isinstance(measure.parameters, VenueClosure | VenueLimit):
            because = cause.causes(measure.line) if cause else measure.because
            standing.append(InForce(measure.id, measure.parameters, because, measure.line))
    return standing


def _asked(tx: Tx, kind: str, capacity: int | None, standing: list[InForce]) -> Asked:
    assumed = tx.pack.venues.assumed_capacity
    return domain.asked_of(cast("VenueKind", kind), capacity, assumed, standing)


def _take(row: Venue, step: Step) -> tuple[Event, ...]:
    for column in COLUMNS:
        setattr(row, column, getattr(step.venue, column))
    row.because = dump(step.venue.because)
    row.hand = asdict(step.venue.hand) if step.venue.hand else None
    return step.events


def _venue(row: Venue) -> domain.Venue:
    facts = {column: getattr(row, column) for column in COLUMNS}
    hand = ManualRequest(**row.hand) if row.hand else None
    return domain.Venue(**facts, because=load(row.because), hand=hand)


def _row(tx: Tx, venue_id: str) -> Venue:
    row = tx.session.get(Venue, venue_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_venue", field="venue_id")
    tx.require_access(row.area)
    return row
