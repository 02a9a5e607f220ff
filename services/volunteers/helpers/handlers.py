"""Volunteers: registered, away and back by their own word. V3."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, cast

from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.volunteers.helpers import domain, fevers
from services.volunteers.helpers.domain import HelperFacts, HelperStatus
from services.volunteers.helpers.tables import Helper
from services.volunteers.sealing import sealed
from shared.database.sql import area_range
from shared.events.base import AreaCode, Event, Id
from shared.events.vocabulary import ShortText
from shared.events.volunteers.helpers import (
    HelperRegistered,
    HelperReturned,
    HelperStoodDown,
    Skill,
    StandDownReason,
)
from shared.exceptions import Conflict, Forbidden, NotFound
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.security.tokens import Caller
from shared.writer.commands import Command
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)

Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+][0-9 -]{4,19}$")]
Language = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Languages = Annotated[tuple[Language, ...], Field(max_length=20)]
Skills = Annotated[tuple[Skill, ...], Field(max_length=20)]
Capacity = Annotated[int, Field(ge=1, le=50)]


class RegisterHelper(Command):
    """A volunteer (志愿者登记); `capacity` is how many requests one takes at once."""

    area: AreaCode
    name: ShortText
    phone: Phone | None = None
    person_id: Id | None = None
    skills: Skills
    languages: Languages = ()
    capacity: Capacity = domain.DEFAULT_CAPACITY


class ChangeHelper(Command):
    """What changes about a volunteer; `reason` says why one is away."""

    helper_id: Id
    status: Literal["available", "away"] | None = None
    reason: Literal["rest", "leave", "other"] = "leave"
    skills: Skills | None = None
    languages: Languages | None = None
    capacity: Capacity | None = None


def register(tx: Tx, command: RegisterHelper) -> Iterable[Event]:
    """Register a volunteer; one whose fever is known is stood down at once."""
    if tx.session.get(Helper, command.id) is not None:
        raise Conflict(TEXTS, "helper_exists", field="id")
    told = {"name": command.name, "phone": command.phone or ""}
    row = Helper(
        id=command.id,
        area=command.area,
        sealed=sealed(tx.site.vault, "helper", command.id, told),
        person_id=command.person_id,
        skills=list(dict.fromkeys(command.skills)),
        languages=list(dict.fromkeys(command.languages)),
        capacity=command.capacity,
        status="available",
        registered_at=tx.now,
        status_since=tx.now,
    )
    tx.session.add(row)
    tx.session.flush()
    return [_registered(tx, row), *fevers.stand_down_if_barred(tx, row)]


def change(tx: Tx, command: ChangeHelper) -> Iterable[Event]:
    """Change what a volunteer can do, or whether they are there."""
    row = tx.session.get(Helper, command.helper_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_helper", field="helper_id")
    _admit(tx, row)
    events: list[Event] = []
    if command.languages is not None:
        row.languages = list(dict.fromkeys(command.languages))
    if command.skills is not None or command.capacity is not None:
        row.capacity = command.capacity or row.capacity
        row.skills = list(dict.fromkeys(row.skills if command.skills is None else command.skills))
        events.append(_registered(tx, row))
    match command.status:
        case "away":
            events += _leave(tx, row, command.reason)
        case "available":
            events += _come_back(tx, row)
    return events


def changed(tx: Tx, command: ChangeHelper) -> dict[str, Any]:
    """`{id, status, skills, languages, capacity}` after a change."""
    row = tx.session.get_one(Helper, command.helper_id)
    names = ("id", "status", "reason", "skills", "languages", "capacity")
    return {name: getattr(row, name) for name in names}


def is_own(caller: Caller | None, helper_id: str) -> bool:
    """Whether a caller is this helper: a helper's token is named after the helper."""
    return caller is not None and caller.role is Role.HELPER and caller.name == helper_id


def helper(session: Session, helper_id: str) -> HelperFacts | None:
    """One volunteer."""
    row = session.get(Helper, helper_id)
    return None if row is None else _facts(row)


def available_under(session: Session, area: str) -> list[HelperFacts]:
    """The volunteers of an area who may serve now, in the order of their ids."""
    query = select(Helper).where(Helper.status == "available", area_range(Helper.area, area))
    return [_facts(row) for row in session.scalars(query.order_by(Helper.id))]


def _facts(row: Helper) -> HelperFacts:
    return HelperFacts(
        row.id,
        row.area,
        cast("HelperStatus", row.status),
        row.person_id,
        tuple(row.skills),
        tuple(row.languages),
        row.capacity,
    )


def _leave(tx: Tx, row: Helper, reason: StandDownReason) -> list[Event]:
    already = row.away is not None
    row.away = reason
    if row.status == "stood_down" or already:
        return []
    row.status, row.reason, row.status_since = "away", reason, tx.now
    event = HelperStoodDown(
        area=row.area,
        occurred_at=tx.now,
        helper_id=row.id,
        person_id=row.person_id,
        reason=reason,
    )
    return [event]


def _come_back(tx: Tx, row: Helper) -> list[Event]:
    if row.status == "stood_down":
        if is_own(tx.caller, row.id):
            raise Forbidden(TEXTS, "coordinator_takes_back", field="status")
        fevers.clear(tx, row)
    row.away = None
    if row.status == "available":
        return []
    reason = row.reason
    row.status, row.reason, row.status_since = "available", None, tx.now
    event = HelperReturned(
        area=row.area,
        occurred_at=tx.now,
        helper_id=row.id,
        person_id=row.person_id,
        reason=reason,
    )
    return [event]


def _registered(tx: Tx, row: Helper) -> HelperRegistered:
    return HelperRegistered(
        area=row.area,
        occurred_at=tx.now,
        helper_id=row.id,
        person_id=row.person_id,
        skills=tuple(row.skills),
    )


def _admit(tx: Tx, row: Helper) -> None:
    if is_own(tx.caller, row.id):
        return
    if tx.caller is not None and tx.caller.role is Role.HELPER:
        raise Forbidden(TEXTS, "not_this_helper", field="helper_id")
    tx.require_access(row.area)
