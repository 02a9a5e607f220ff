"""Who may take part in spite of an abnormal declaration (参加资格认定). I8."""

from typing import ClassVar

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example, Id
from shared.events.vocabulary import Actor


class EligibilityDecided(AlertsEvent):
    """Whether someone with an abnormal declaration may take part (参加资格认定). I8 [PREC21]."""

    published = False
    key = ("declaration_id",)
    about = ("declaration_id",)
    example: ClassVar[Example] = {"allowed": False, "by": "clinic-01"}
    declaration_id: Id
    allowed: bool
    by: Actor
