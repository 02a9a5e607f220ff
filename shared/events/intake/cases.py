"""Cases as the health side reports them (病例报告). I9."""

import datetime as dt
from typing import ClassVar, Literal, get_args

from shared.events.base import Example, Id
from shared.events.examples import example_id
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import ShortText, name_vocabularies

CaseStatus = Literal["suspected", "confirmed", "asymptomatic", "cleared", "recovered", "died"]
CaseOrigin = Literal["local", "imported", "unknown"]
CaseSetting = Literal[
    "household",
    "building",
    "workplace",
    "school",
    "market",
    "venue",
    "transport",
    "clinic",
    "isolation_site",
    "community",
]
CASE_STATUSES: tuple[CaseStatus, ...] = get_args(CaseStatus)

name_vocabularies(case_status=CaseStatus, case_origin=CaseOrigin, case_setting=CaseSetting)


class CaseReported(IntakeEvent):
    """The health side reported a person's case status (病例报告), the first or a new one. I9.

    `linked_to` are the cases it hangs together with, `setting` the small place of infection: one
    of the known settings, or a word of the health side's own.
    """

    key = ("case_id", "status")
    about = ("case_id",)
    example: ClassVar[Example] = {
        "status": "confirmed",
        "confirmed_on": "2021-01-17",
        "onset_on": "2021-01-15",
        "origin": "local",
        "setting": "household",
        "linked_to": [example_id("first case")],
    }
    case_id: Id
    status: CaseStatus
    person_id: Id | None = None
    confirmed_on: dt.date | None = None
    onset_on: dt.date | None = None
    origin: CaseOrigin = "unknown"
    setting: CaseSetting | ShortText | None = None
    linked_to: tuple[Id, ...] = ()
