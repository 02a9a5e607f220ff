"""Rounds of cleaning and disinfection (清洁消毒通风). D9."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Id
from shared.events.vocabulary import Actor, Count, PlaceId, name_vocabularies

SanitationKind = Literal[
    "disinfection", "cleaning", "ventilation", "market_inspection", "waste", "medical_waste"
]

name_vocabularies(sanitation_kind=SanitationKind)


class SanitationEvent(AlertsEvent):
    """A round of cleaning, disinfection or inspection (清洁消毒通风). D9."""

    key: ClassVar[tuple[str, ...]] = ("order_id",)
    about: ClassVar[tuple[str, ...]] = ("order_id", "measure_id")
    order_id: Id
    kind: SanitationKind
    measure_id: Id | None = None
    place_id: PlaceId | None = None


class SanitationOrdered(SanitationEvent):
    """Rounds were ordered (安排消毒), the first due at `due_at`. D9."""

    due_at: AwareDatetime
    times_per_day: Count | None = None


class SanitationDone(SanitationEvent):
    """A round was done (已消毒). D9."""

    key = ("order_id", "due_at")
    due_at: AwareDatetime | None = None
    by: Actor | None = None


class SanitationOverdue(SanitationEvent):
    """A round was not done in time (消毒逾期). D9."""

    key = ("order_id", "due_at")
    due_at: AwareDatetime
