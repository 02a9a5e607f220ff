"""The register as other features of intake may ask it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.people.tables import Person
from shared.database.sql import pieces
from shared.exceptions import Gone, Invalid, NotFound
from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue.beside(__file__)


def present(session: Session, person_id: str) -> Person:
    """The row of a person; raises NotFound, or Gone when it was erased."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(TEXTS, "no_such_person", field="person_id")
    if person.erased_at is not None:
        raise Gone(TEXTS, "person_erased", field="person_id")
    return person


def refuse_unknown(
    session: Session, person_ids: Sequence[str], *, field: str = "person_id"
) -> None:
    """Refuse (Invalid) when one of these is nobody in the register, or was erased."""
    for some in pieces(sorted(set(person_ids))):
        query = select(Person.id).where(Person.id.in_(some), Person.erased_at.is_(None))
        if set(some) - set(session.scalars(query)):
            raise Invalid(TEXTS, "no_such_person", field=field)
