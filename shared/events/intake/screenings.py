"""Screenings of temperature and health codes (体温筛查). I1, I7."""

from typing import ClassVar, Literal, get_args

from pydantic import AwareDatetime

from shared.events.base import Example, Id
from shared.events.examples import MORNING, example_id
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import (
    Channel,
    PlaceId,
    ShortText,
    Symptom,
    Temperature,
    name_vocabularies,
)

HealthCode = Literal["green", "yellow", "red", "none"]
PlaceKind = Literal["checkpoint", "venue", "home", "station", "workplace", "school", "clinic"]
Direction = Literal["entry", "exit"]
HEALTH_CODES: tuple[HealthCode, ...] = get_args(HealthCode)

name_vocabularies(health_code=HealthCode, place_kind=PlaceKind, direction=Direction)


class ScreeningEvent(IntakeEvent):
    """A screening at a checkpoint, a venue or a door (体温筛查). Temperature in °C. I1."""

    key: ClassVar[tuple[str, ...]] = ("screening_id",)
    about: ClassVar[tuple[str, ...]] = ("screening_id",)
    example: ClassVar[Example] = {
        "place_kind": "checkpoint",
        "temperature_c": 36.5,
        "symptoms": [],
        "health_code": "green",
        "place_id": example_id("venue"),
        "direction": "entry",
        "channel": "app",
    }
    screening_id: Id
    place_kind: PlaceKind
    temperature_c: Temperature | None = None
    unmeasured_reason: ShortText | None = None
    symptoms: tuple[Symptom, ...] = ()
    health_code: HealthCode | None = None
    person_id: Id | None = None
    place_id: PlaceId | None = None
    direction: Direction | None = None
    channel: Channel | None = None


class ScreeningRecorded(ScreeningEvent):
    """A screening was recorded (体温检测登记): a temperature, or why there is none. I1, I7."""


class ScreeningVoided(ScreeningEvent):
    """A mistaken screening was taken back, never deleted (作废).

    The fields are those of the screening, `screened_at` its time, so that readers can take it
    out of the day it was counted in. I1.
    """

    example: ClassVar[Example] = {"screened_at": MORNING, "reason": "误录"}

    screened_at: AwareDatetime
    reason: ShortText | None = None
