"""Health declarations before an election or an activity (健康申报). I8."""

from typing import ClassVar, Literal

from shared.events.base import Example, Id
from shared.events.examples import example_id
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import name_vocabularies

DeclarationKind = Literal["election", "activity"]
DeclarationReason = Literal[
    "temperature", "symptoms", "health_code", "case", "close_contact", "from_risk_area"
]

name_vocabularies(declaration_kind=DeclarationKind, declaration_reason=DeclarationReason)


class DeclarationSubmitted(IntakeEvent):
    """A health declaration before an election or an activity (健康申报). I8."""

    published = False
    key = ("declaration_id",)
    about = ("declaration_id",)
    example: ClassVar[Example] = {
        "for_kind": "election",
        "for_id": example_id("election"),
        "abnormal": True,
        "reasons": ["temperature"],
    }
    declaration_id: Id
    person_id: Id
    for_kind: DeclarationKind
    for_id: Id
    abnormal: bool
    reasons: tuple[DeclarationReason, ...] = ()
