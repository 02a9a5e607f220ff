"""Registering people, changing and erasing what is known of them. I4."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import insert, select

from services.intake.people import domain, identity
from services.intake.people.register import present
from services.intake.people.sealing import opened, sealed
from services.intake.people.tables import Person
from shared.database.sql import area_range, pieces
from shared.events.base import AreaCode, Event, Id
from shared.events.intake.people import PersonErased, PersonRegistered, PersonUpdated
from shared.events.vocabulary import Category, Need
from shared.exceptions import Conflict, Forbidden, Invalid
from shared.i18n.catalogue import Catalogue
from shared.security import audit
from shared.security.roles import Role
from shared.security.tokens import InvalidToken
from shared.security.vault import Vault
from shared.site import Site
from shared.writer.commands import Command, Moment
from shared.writer.handlers import Tx
from shared.writer.timers import Due

TEXTS = Catalogue.beside(__file__)

PLAIN = r"^[^\x00-\x1f\x7f]+$"
MOST_FOUND = 100
DESTROY_KEY = "people.destroy_key"

Name = Annotated[str, StringConstraints(max_length=60, pattern=PLAIN)]
Number = Annotated[str, StringConstraints(max_length=40, pattern=PLAIN)]
Address = Annotated[str, StringConstraints(max_length=200, pattern=PLAIN)]
Reason = Annotated[str, StringConstraints(max_length=200, pattern=PLAIN)]


class RegisterPerson(Command):
    """A person of the register (重点人员), with what is known of them; `id` becomes their id."""

    area: AreaCode
    name: Name | None = None
    id_card: Number | None = None
    phone: Number | None = None
    address: Address | None = None
    categories: tuple[Category, ...] = ()
    needs: tuple[Need, ...] = ()
    occurred_at: Moment | None = None


class UpdatePerson(Command):
    """What has changed of a person; what is left out stays, null takes a detail away."""

    person_id: Id
    area: AreaCode | None = None
    name: Name | None = None
    id_card: Number | None = None
    phone: Number | None = None
    address: Address | None = None
    categories: tuple[Category, ...] = ()
    needs: tuple[Need, ...] = ()
    occurred_at: Moment | None = None


class ErasePerson(Command):
    """A person's data are destroyed for ever (注销), with the reason."""

    person_id: Id
    reason: Reason


class FindPerson(Command):
    """Who in the register has this card number, or this telephone number."""

    id_card: Number | None = None
    phone: Number | None = None


class OpenPerson(BaseModel):
    """A person by id; with a reason, all that is known of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    person_id: Id
    reason: Reason | None = None


class ReadAddress(BaseModel):
    """A person's address, asked for with the grant that the request's owner signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person_id: Id
    grant: str


NUMBERS = {"id_card": identity.normal_id_card, "phone": identity.normal_phone}
CHANGEABLE = {"area", "categories", "needs", *domain.DETAILS}


def check(site: Site, command: RegisterPerson | UpdatePerson | FindPerson) -> None:
    """Refuse a card number or a telephone number that cannot be one."""
    if command.id_card is not None:
        id_card = identity.normal_id_card(command.id_card)
        if id_card is None or domain.born_on(id_card) > site.clock.now().date():
            raise Invalid(TEXTS, "id_card_invalid", field="id_card")
    if command.phone is not None and identity.normal_phone(command.phone) is None:
        raise Invalid(TEXTS, "phone_invalid", field="phone")


def register(tx: Tx, command: RegisterPerson) -> Iterable[Event]:
    """Enter a person into the register."""
    return register_many(tx, [command])


def register_many(tx: Tx, commands: Sequence[RegisterPerson]) -> Iterable[Event]:
    """Enter people into the register; a card number stands for one person only."""
    details = {command.id: _details(command) for command in commands}
    # Before anything can be refused: a bulk's keys are then made at once, not line by line.
    seals = sealed(tx.site.vault, details)
    by = tx.caller.name if tx.caller else ""
    rows: list[dict[str, Any]] = [
        {
            "id": command.id,
            "area": command.area,
            "categories": list(dict.fromkeys(command.categories)),
            "needs": list(dict.fromkeys(command.needs)),
            "sealed": seals[command.id],
            **_indexes(tx.site.vault, details[command.id]),
            "registered_at": command.occurred_at or tx.now,
            "updated_at": tx.now,
            "registered_by": by,
        }
        for command in commands
    ]
    _refuse_known_cards(tx, {row["id"]: row["id_card_index"] for row in rows})
    tx.session.execute(insert(Person), rows)
    return [
        PersonRegistered(
            area=row["area"],
            occurred_at=row["registered_at"],
            person_id=row["id"],
            categories=row["categories"],
            needs=row["needs"],
        )
        for row in rows
    ]


def update(tx: Tx, command: UpdatePerson) -> Iterable[Event]:
    """Change what is known of a person."""
    given = command.model_fields_set & CHANGEABLE
    if not given:
        raise Invalid(TEXTS, "nothing_to_change", field="body")
    person = present(tx.session, command.person_id)
    tx.require_access(person.area)
    if "area" in given:
        if command.area is None:
            raise Invalid(TEXTS, "area_needed", field="area")
        person.area = command.area
    if "categories" in given:
        person.categories = list(dict.fromkeys(command.categories))
    if "needs" in given:
        person.needs = list(dict.fromkeys(command.needs))
    if given & set(domain.DETAILS):
        _change_details(tx, person, command)
    person.updated_at = tx.now
    return [
        PersonUpdated(
            area=person.area,
            occurred_at=command.occurred_at or tx.now,
            person_id=person.id,
            categories=person.categories,
            needs=person.needs,
        )
    ]


def _change_details(tx: Tx, person: Person, command: UpdatePerson) -> None:
    vault = tx.site.vault
    given = {
        field: value
        for field, value in _normal(command).items()
        if field in command.model_fields_set
    }
    details = domain.merged(opened(vault, person), given)
    indexes = _indexes(vault, details)
    _refuse_known_cards(tx, {person.id: indexes["id_card_index"]})
    person.sealed = sealed(vault, {person.id: details})[person.id]
    person.id_card_index = indexes["id_card_index"]
    person.phone_index = indexes["phone_index"]


def erase(tx: Tx, command: ErasePerson) -> Iterable[Event]:
    """Erase a person: at once from the table; the key follows when that is committed.

    A key cannot be brought back, so it goes only after the commit; the due row stays until it
    has gone.
    """
    person = present(tx.session, command.person_id)
    tx.require_access(person.area)
    person.sealed = person.id_card_index = person.phone_index = None
    person.categories, person.needs = [], []
    person.erased_at = person.updated_at = tx.now
    audit.record(tx, "person.erased", person.id, command.reason)
    tx.schedule(DESTROY_KEY, person.id, tx.now)
    return [PersonErased(area=person.area, occurred_at=tx.now, person_id=person.id)]


def destroy_key(tx: Tx, due: Due) -> Iterable[Event]:
    """Destroy the key of an erased person; it may be repeated."""
    tx.site.vault.destroy(due.key)
    return ()


def open_person(tx: Tx, asked: OpenPerson) -> Iterable[Event]:
    """Note who opens a person's data, and why; the answer follows the commit."""
    person = present(tx.session, asked.person_id)
    tx.require_access(person.area)
    audit.record(tx, "person.opened", person.id, asked.reason or "")
    return ()


def read_address(tx: Tx, asked: ReadAddress) -> Iterable[Event]:
    """Note that a helper reads where a person lives; the grant must be theirs and of this person.

    The person must live where help was asked for: nobody reaches people beyond their own area by
    naming them in a request. A coordinator may read it out to the helper. Raises Forbidden for any
    other grant.
    """
    try:
        grant = tx.site.tokens.verify_grant(asked.grant)
    except InvalidToken as error:
        raise Forbidden(TEXTS, "grant_refused", field="grant") from error
    theirs = tx.caller is None or tx.caller.role != Role.HELPER or tx.caller.name == grant.holder
    if grant.person_id != asked.person_id or not theirs:
        raise Forbidden(TEXTS, "grant_refused", field="grant")
    person = present(tx.session, asked.person_id)
    place = grant.area if grant.area is not None else tx.caller.area if tx.caller else ""
    if not domain.reaches(place, person.area):
        raise Forbidden(TEXTS, "grant_refused", field="grant")
    audit.record(tx, "person.address_read", person.id, f"request {grant.request_id}")
    return ()


def find(tx: Tx, command: FindPerson) -> Iterable[Event]:
    """Note who was looked for and found by a number; the number itself is kept nowhere."""
    if (command.id_card is None) == (command.phone is None):
        raise Invalid(TEXTS, "id_card_or_phone", field="id_card")
    for person in found(tx, command):
        audit.record(tx, "person.found", person.id)
    return ()


def found(tx: Tx, command: FindPerson) -> Sequence[Person]:
    """The people with a number, within the caller's area."""
    indexes = _indexes(tx.site.vault, domain.merged({}, _numbers(command)))
    query = select(Person).order_by(Person.id).limit(MOST_FOUND)
    query = query.where(area_range(Person.area, tx.caller.area if tx.caller else ""))
    for field, index in indexes.items():
        if index is not None:
            query = query.where(getattr(Person, field) == index)
    return tx.session.scalars(query).all()


def _normal(command: RegisterPerson | UpdatePerson) -> dict[str, str | None]:
    return {"name": command.name, "address": command.address, **_numbers(command)}


def _numbers(command: RegisterPerson | UpdatePerson | FindPerson) -> dict[str, str | None]:
    said = {field: getattr(command, field) for field in NUMBERS}
    return {field: NUMBERS[field](value) if value else None for field, value in said.items()}


def _details(command: RegisterPerson) -> dict[str, str]:
    return domain.merged({}, _normal(command))


def _indexes(vault: Vault, details: dict[str, str]) -> dict[str, str | None]:
    return {
        f"{field}_index": vault.blind_index(field, details[field]) if field in details else None
        for field in NUMBERS
    }


def _refuse_known_cards(tx: Tx, cards: dict[str, str | None]) -> None:
    """Refuse when a card number is another person's; `cards` are the indexes by person."""
    owners: dict[str, str] = {}
    for person_id, card in cards.items():
        if card is not None and owners.setdefault(card, person_id) != person_id:
            raise Conflict(TEXTS, "id_card_known", field="id_card")
    for some in pieces(owners):
        for other in tx.session.scalars(select(Person).where(Person.id_card_index.in_(some))):
            if other.id != owners[str(other.id_card_index)]:
                raise _known(tx, other)


def _known(tx: Tx, other: Person) -> Conflict:
    """The refusal of a known card; who it is, is told only where the caller may look anyway."""
    if tx.caller is not None and not tx.caller.may_access(other.area):
        return Conflict(TEXTS, "id_card_known", field="id_card")
    extras = {"person_id": other.id}
    return Conflict(TEXTS, "id_card_known_as", field="id_card", extras=extras, person_id=other.id)
