"""Rounds of cleaning and disinfection (清洁消毒通风). D9."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example, Id
from shared.events.examples import EVENING, example_id
from shared.events.vocabulary import Actor, Count, PlaceId, name_vocabularies

SanitationKind = Literal[
    "disinfection", "cleaning", "ventilation", "market_inspection", "waste", "medical_waste"
]

name_vocabularies(sanitation_kind=SanitationKind)


class SanitationEvent(AlertsEvent):
    """A round of cleaning, disinfection or inspection (清洁消毒通风). D9."""

    key: ClassVar[tuple[str, ...]] = ("order_id",)
    about: ClassVar[tuple[str, ...]] = ("order_id", "measure_id")
    example: ClassVar[Example] = {"kind": "disinfection", "place_id": example_id("venue")}
    order_id: Id
    kind: SanitationKind
    measure_id: Id | None = None
    place_id: PlaceId | None = None


class SanitationOrdered(SanitationEvent):
    """Rounds were ordered (安排消毒), the first due at `due_at`. D9."""

    example: ClassVar[Example] = {"due_at": EVENING, "times_per_day": 1}

    due_at: AwareDatetime
    times_per_day: Count | None = None


class SanitationDone(SanitationEvent):
    """A round was done (已消毒). D9."""

    published = False
    key = ("order_id", "due_at")
    example: ClassVar[Example] = {"due_at": EVENING, "by": "clinic-01"}
    due_at: AwareDatetime | None = None
    by: Actor | None = None


class SanitationOverdue(SanitationEvent):
    """A round was not done in time (消毒逾期). D9."""

    published = False
    key = ("order_id", "due_at")
    example: ClassVar[Example] = {"due_at": EVENING}
    due_at: AwareDatetime
