"""Contacts of cases and the tracing of people (密切接触者, 协查). I5."""

import datetime as dt
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import Example, Id
from shared.events.examples import EVENING
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import Count, name_vocabularies

Ring = Literal[1, 2]
TraceOutcome = Literal["observed", "isolated", "elsewhere", "not_found"]

name_vocabularies(ring=Ring, trace_outcome=TraceOutcome)


class ContactEvent(IntakeEvent):
    """A contact of a case, first or second ring (密切接触者, 次密切接触者). I5."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("case_id", "person_id")
    about: ClassVar[tuple[str, ...]] = ("case_id",)
    example: ClassVar[Example] = {"ring": 1, "last_exposure_on": "2021-01-16"}
    case_id: Id
    person_id: Id
    ring: Ring
    last_exposure_on: dt.date | None = None


class ContactNamed(ContactEvent):
    """A contact was named by the health side, to be traced by `check_by` (密接判定). I5."""

    example: ClassVar[Example] = {"check_by": EVENING}

    check_by: AwareDatetime


class ContactTraced(ContactEvent):
    """A contact was traced (密接追踪到人). I5."""

    example: ClassVar[Example] = {"outcome": "observed"}

    outcome: TraceOutcome


class TraceListReceived(IntakeEvent):
    """A list of people to trace came from above (协查名单). I5."""

    published = False
    key = ("list_id",)
    about = ("list_id",)
    example: ClassVar[Example] = {"people": 80, "check_by": EVENING}
    list_id: Id
    people: Count
    check_by: AwareDatetime


class TraceReturned(IntakeEvent):
    """The result for one person of a trace list went back (协查反馈). I5."""

    published = False
    key = ("list_id", "person_id")
    about = ("list_id",)
    example: ClassVar[Example] = {"outcome": "elsewhere"}
    list_id: Id
    person_id: Id
    outcome: TraceOutcome
