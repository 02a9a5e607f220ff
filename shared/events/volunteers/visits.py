"""Visits of care (走访慰问). V12."""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.events.base import Example, Id
from shared.events.examples import EVENING
from shared.events.vocabulary import CheckOutcome
from shared.events.volunteers.base import VolunteersEvent


class VisitEvent(VolunteersEvent):
    """A visit of care (走访慰问). V12."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("visit_id",)
    about: ClassVar[tuple[str, ...]] = ("visit_id",)
    visit_id: Id
    person_id: Id | None = None


class VisitDue(VisitEvent):
    """A visit is due (走访到期). V12."""

    example: ClassVar[Example] = {"due_at": EVENING}

    due_at: AwareDatetime


class VisitMade(VisitEvent):
    """A visit was made (已走访); the next one is due at `next_due_at`. V12."""

    example: ClassVar[Example] = {"outcome": "reached", "next_due_at": "2021-01-25T18:00:00+08:00"}

    outcome: CheckOutcome = "reached"
    next_due_at: AwareDatetime | None = None
