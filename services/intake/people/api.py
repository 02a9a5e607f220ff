"""HTTP of the register of people. I4."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import Text, cast, select

from services.intake.people import answers, domain, handlers
from services.intake.people.handlers import (
    ErasePerson,
    FindPerson,
    OpenPerson,
    ReadAddress,
    RegisterPerson,
    UpdatePerson,
)
from services.intake.people.register import present
from services.intake.people.sealing import opened
from services.intake.people.tables import Person
from shared.areas.tree import Level, cut
from shared.database.sql import area_range
from shared.events.base import AreaCode
from shared.events.vocabulary import Category, Need
from shared.exceptions import Gone
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import AuditedRead, Read
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.site import Site
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)

WRITERS = (Role.RECORDER, Role.HEALTH, Role.LEAD, Role.COORDINATOR, Role.COMMAND)
GRANTED = (Role.HELPER, Role.COORDINATOR, Role.LEAD)
GONE = Gone.status
OPENERS = (Role.RECORDER, Role.HEALTH, Role.LEAD, Role.COMMAND)


class ListPeople(Paged):
    """Which people: of an area, of a category, with a need."""

    model_config = ConfigDict(extra="forbid")

    area: AreaCode | None = None
    category: Category | None = None
    need: Need | None = None


def show(read: Read, asked: OpenPerson) -> dict[str, Any]:
    """A person of the register, with their details masked; whole with a reason.

    The reason is kept in the audit log.
    """
    person = present(read.session, asked.person_id)
    read.require_access(person.area)
    return _masked(read.site, person)


def show_whole(tx: Tx, asked: OpenPerson) -> dict[str, Any]:
    """A person of the register, with all that is known of them."""
    person = present(tx.session, asked.person_id)
    details = opened(tx.site.vault, person)
    return _view(person, {field: details.get(field) for field in domain.DETAILS}, masked=False)


def show_address(tx: Tx, asked: ReadAddress) -> dict[str, Any]:
    """What a helper needs at the door, and no more: name, telephone, address."""
    details = opened(tx.site.vault, present(tx.session, asked.person_id))
    return {field: details.get(field) for field in ("name", "phone", "address")}


def list_people(read: Read, asked: ListPeople) -> dict[str, Any]:
    """The people of an area, with their details masked."""
    query = select(Person).where(Person.erased_at.is_(None))
    query = query.where(area_range(Person.area, read.scope(asked.area)))
    for column, value in ((Person.categories, asked.category), (Person.needs, asked.need)):
        if value is not None:
            query = query.where(cast(column, Text).contains(f'"{value}"', autoescape=True))
    rows, following = page(read.session, query, asked, Person.area, Person.id)
    items = [item for person in rows if (item := _masked_if_there(read.site, person))]
    return {"items": items, "next": following}


def tell_found(tx: Tx, command: FindPerson) -> dict[str, Any]:
    """The ids of the people found, and where they are."""
    return {
        "items": [{"id": person.id, "area": person.area} for person in handlers.found(tx, command)]
    }


def _masked(site: Site, person: Person) -> dict[str, Any]:
    community = cut(person.area, Level.COMMUNITY) or person.area
    place = site.areas.full_name(community) if site.areas.exists(community) else community
    return _view(person, domain.masked(opened(site.vault, person), place), masked=True)


def _masked_if_there(site: Site, person: Person) -> dict[str, Any] | None:
    """None for a row that a restored backup brought back, whose key is gone."""
    try:
        return _masked(site, person)
    except Gone:
        return None


def _view(person: Person, details: Mapping[str, str | None], *, masked: bool) -> dict[str, Any]:
    return {
        "id": person.id,
        "area": person.area,
        **details,
        "categories": person.categories,
        "needs": person.needs,
        "masked": masked,
        "registered_at": person.registered_at,
        "updated_at": person.updated_at,
    }


def _same_person(_tx: Tx, command: UpdatePerson | ErasePerson) -> dict[str, Any]:
    return {"id": command.person_id}


routes = Routes("/intake", "people", TEXTS)
routes.post("/people", handlers.register, RegisterPerson, roles=WRITERS, check=handlers.check)
routes.bulk(
    "/people/bulk", handlers.register_many, RegisterPerson, roles=WRITERS, check=handlers.check
)
routes.post(
    "/people/find",
    handlers.find,
    FindPerson,
    returns=answers.FoundPeople,
    roles=WRITERS,
    area=AreaCheck.SCOPE,
    check=handlers.check,
    status=200,
    answer=tell_found,
)
routes.get("/people", list_people, ListPeople, returns=Page[answers.Person], roles=WRITERS)
routes.get(
    "/people/{person_id}",
    show,
    OpenPerson,
    returns=answers.Person,
    roles=WRITERS,
    area=AreaCheck.ROW,
    refuses=(GONE,),
    audited=AuditedRead(handlers.open_person, show_whole, OPENERS),
)
routes.get_audited(
    "/people/{person_id}/address",
    handlers.read_address,
    ReadAddress,
    returns=answers.Address,
    roles=GRANTED,
    area=AreaCheck.GRANT,
    refuses=(GONE,),
    answer=show_address,
)
routes.patch(
    "/people/{person_id}",
    handlers.update,
    UpdatePerson,
    roles=WRITERS,
    area=AreaCheck.ROW,
    refuses=(GONE,),
    check=handlers.check,
    answer=_same_person,
)
routes.post(
    "/people/{person_id}/erase",
    handlers.erase,
    ErasePerson,
    roles=(Role.COMMAND,),
    area=AreaCheck.ROW,
    refuses=(GONE,),
    status=200,
    answer=_same_person,
)
