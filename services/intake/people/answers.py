"""What the routes of the register answer. I4."""

from pydantic import AwareDatetime

from shared.events.base import AreaCode, Id
from shared.events.vocabulary import Category, Need
from shared.http.answers import Answered


class Person(Answered):
    """A person of the register (重点人员); `masked` when the details are shown in part."""

    id: Id
    area: AreaCode
    name: str | None
    id_card: str | None
    phone: str | None
    address: str | None
    categories: list[Category]
    needs: list[Need]
    masked: bool
    registered_at: AwareDatetime
    updated_at: AwareDatetime


class FoundPerson(Answered):
    """Who has a number: an id, and where they are."""

    id: Id
    area: AreaCode


class FoundPeople(Answered):
    """The people that have a number, at most a few."""

    items: list[FoundPerson]


class Address(Answered):
    """What a helper needs at the door, and no more."""

    name: str | None
    phone: str | None
    address: str | None
