"""Relief and donations: the public ledger (公示台账). V8."""

from typing import ClassVar, Literal

from shared.events.base import Example, Id
from shared.events.vocabulary import Count, Quantity, ShortText, name_vocabularies
from shared.events.volunteers.base import VolunteersEvent

ReliefKind = Literal["money", "food", "medicine", "protective_goods", "daily_goods", "other"]

name_vocabularies(relief_kind=ReliefKind)


class LedgerEvent(VolunteersEvent):
    """A line of the public ledger (公示台账); quantity in `unit`, money in `元`. V8."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("entry_id",)
    about: ClassVar[tuple[str, ...]] = ("entry_id",)
    example: ClassVar[Example] = {"quantity": 30, "unit": "箱"}
    entry_id: Id
    kind: ReliefKind
    quantity: Quantity
    unit: ShortText


class ReliefGiven(LedgerEvent):
    """Relief was given (人道救助). V8."""

    example: ClassVar[Example] = {"kind": "food", "households": 12}

    households: Count | None = None


class DonationReceived(LedgerEvent):
    """A donation was received (社会捐赠); the giver is not named. V8."""

    example: ClassVar[Example] = {"because": [], "kind": "protective_goods"}
