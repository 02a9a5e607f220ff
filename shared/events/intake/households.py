"""Visits to households and organisations (入户排查, 驻区单位排查). I2."""

from typing import ClassVar

from shared.events.base import Example, Id
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import CheckOutcome, Count


class HouseholdChecked(IntakeEvent):
    """A household was called on (入户排查); the counts are what was found there. I2."""

    published = False
    key = ("household_id",)
    about = ("household_id",)
    example: ClassVar[Example] = {"outcome": "reached", "residents": 3, "key_people": 1}
    household_id: Id
    outcome: CheckOutcome
    residents: Count | None = None
    key_people: Count | None = None


class OrganisationChecked(IntakeEvent):
    """An organisation on the ground was called on (驻区单位排查). I2."""

    published = False
    key = ("organisation_id",)
    about = ("organisation_id",)
    example: ClassVar[Example] = {"outcome": "reached", "residents": 3, "key_people": 1}
    organisation_id: Id
    outcome: CheckOutcome
    residents: Count | None = None
    key_people: Count | None = None
