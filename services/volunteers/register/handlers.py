"""Keeping the mirror of registered people, and looking things up in it. I4."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.volunteers.register import domain
from services.volunteers.register.domain import Registered
from services.volunteers.register.tables import Resident
from shared.database.sql import area_range, pieces
from shared.events.envelope import Recorded
from shared.events.intake.people import PersonErased, PersonRegistered, PersonUpdated
from shared.writer.handlers import Tx


def keep(tx: Tx, recorded: Recorded[PersonRegistered | PersonUpdated]) -> Registered | None:
    """Note what an event says of a person; None when later ones have been applied already."""
    event = recorded.data
    row = tx.session.get(Resident, event.person_id)
    if row is not None and (row.erased or row.sequence >= recorded.sequence):
        return None
    person = domain.registered(None if row is None else _person(row), event)
    if row is None:
        row = Resident(person_id=event.person_id, erased=False)
        tx.session.add(row)
    row.area, row.since, row.sequence = person.area, person.since, recorded.sequence
    row.categories, row.needs = _stored(person.categories), _stored(person.needs)
    return person


def erase(tx: Tx, recorded: Recorded[PersonErased]) -> None:
    """Forget all but the id of a person."""
    row = tx.session.get(Resident, recorded.data.person_id)
    if row is None:
        row = Resident(person_id=recorded.data.person_id)
        tx.session.add(row)
    row.area, row.since, row.sequence = recorded.data.area, tx.now, recorded.sequence
    row.categories, row.needs, row.erased = {}, {}, True


def is_erased(session: Session, person_id: str) -> bool:
    """Whether a person was erased."""
    row = session.get(Resident, person_id)
    return row is not None and row.erased


def people_under(session: Session, area: str) -> list[Registered]:
    """Everybody registered in an area, in the order of their ids."""
    query = select(Resident).where(area_range(Resident.area, area), Resident.erased.is_(False))
    return [_person(row) for row in session.scalars(query.order_by(Resident.person_id))]


def registered(session: Session, person_ids: Iterable[str]) -> list[Registered]:
    """Those of these people who are in the register and not erased, in the order of their ids."""
    found = [session.get(Resident, person_id) for person_id in sorted(set(person_ids))]
    return [_person(row) for row in found if row is not None and not row.erased]


def needing_language(session: Session, person_ids: Iterable[str]) -> set[str]:
    """Those of these people who need someone of their language."""
    found: set[str] = set()
    for some in pieces(sorted(set(person_ids))):
        query = select(Resident.person_id, Resident.needs).where(Resident.person_id.in_(some))
        rows = session.execute(query)
        found.update(row.person_id for row in rows if "language" in row.needs)
    return found


def _stored(traits: Mapping[str, datetime]) -> dict[str, str]:
    return {trait: since.isoformat() for trait, since in traits.items()}


def _person(row: Resident) -> Registered:
    return Registered(
        row.person_id,
        row.area,
        row.since,
        {trait: datetime.fromisoformat(since) for trait, since in row.categories.items()},
        {trait: datetime.fromisoformat(since) for trait, since in row.needs.items()},
    )
