"""Mediation between residents (人民调解). V13."""

from typing import ClassVar, Literal

from shared.events.base import Example, Id
from shared.events.vocabulary import name_vocabularies
from shared.events.volunteers.base import VolunteersEvent

MediationOutcome = Literal["agreed", "not_agreed", "withdrawn"]

name_vocabularies(mediation_outcome=MediationOutcome)


class MediationEvent(VolunteersEvent):
    """A mediation between residents (人民调解); `case_id` is the mediation's. V13."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("case_id",)
    about: ClassVar[tuple[str, ...]] = ("case_id",)
    case_id: Id


class MediationOpened(MediationEvent):
    """A mediation was opened (调解受理). V13."""


class MediationClosed(MediationEvent):
    """A mediation was closed (调解结案). V13."""

    example: ClassVar[Example] = {"outcome": "agreed"}

    outcome: MediationOutcome
