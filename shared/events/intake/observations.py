"""Home medical observation and the visits after it (居家医学观察, 回访). I3."""

import datetime as dt
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import Example, Id
from shared.events.examples import EVENING
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import (
    Channel,
    CheckOutcome,
    ShortText,
    Symptom,
    Temperature,
    name_vocabularies,
)

ObservationReason = Literal[
    "close_contact",
    "second_contact",
    "returnee",
    "from_risk_area",
    "inbound_traveller",
    "household_isolated",
    "recovered",
    "symptoms",
    "other",
]
ObservationOutcome = Literal["completed", "hospitalised", "isolated", "moved", "cancelled"]

name_vocabularies(observation_reason=ObservationReason, observation_outcome=ObservationOutcome)


class ObservationEvent(IntakeEvent):
    """A person under home medical observation (居家医学观察). I3."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("observation_id",)
    about: ClassVar[tuple[str, ...]] = ("observation_id",)
    observation_id: Id
    person_id: Id


class ObservationOpened(ObservationEvent):
    """Home observation began (居家观察开始), until and including `until_on`. I3."""

    example: ClassVar[Example] = {"reason": "close_contact", "until_on": "2021-02-01"}

    reason: ObservationReason
    until_on: dt.date | None = None


class ObservationCheckedIn(ObservationEvent):
    """A check-in under observation (观察打卡): a temperature in °C, or why there is none. I3."""

    example: ClassVar[Example] = {"temperature_c": 36.5, "symptoms": [], "channel": "app"}

    temperature_c: Temperature | None = None
    unmeasured_reason: ShortText | None = None
    symptoms: tuple[Symptom, ...] = ()
    channel: Channel | None = None


class CheckInMissed(ObservationEvent):
    """A check-in did not come by its time (漏报体温). I3."""

    key = ("observation_id", "due_at")
    example: ClassVar[Example] = {"due_at": EVENING}
    due_at: AwareDatetime


class ObservationClosed(ObservationEvent):
    """Home observation ended (解除观察). I3."""

    example: ClassVar[Example] = {"outcome": "completed"}

    outcome: ObservationOutcome = "completed"


class FollowUpDue(ObservationEvent):
    """A visit after release is due (回访到期). I3."""

    key = ("observation_id", "due_at")
    example: ClassVar[Example] = {"due_at": EVENING}
    due_at: AwareDatetime


class FollowUpDone(ObservationEvent):
    """The visit after release was made (已回访). I3."""

    example: ClassVar[Example] = {"outcome": "reached", "due_at": EVENING}

    outcome: CheckOutcome
    due_at: AwareDatetime | None = None
