"""The daily reports of areas (日报告). R1."""

import datetime as dt
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.base import Example
from shared.events.examples import EVENING
from shared.events.rollup.base import RollupEvent
from shared.events.vocabulary import Actor, Count, Text, name_vocabularies

ReportStatus = Literal["open", "submitted", "missing", "excused"]

name_vocabularies(report_status=ReportStatus)


class ReportEvent(RollupEvent):
    """The daily report of an area (日报告); an area and a day name it. R1."""

    key: ClassVar[tuple[str, ...]] = ("area", "date")
    example: ClassVar[Example] = {"date": "2021-01-18"}
    date: dt.date


class ReportOpened(ReportEvent):
    """A report is expected, by `due_at` (日报应报). R1."""

    example: ClassVar[Example] = {"because": [], "due_at": EVENING}

    due_at: AwareDatetime | None = None


class ReportSubmitted(ReportEvent):
    """A report was signed off (报送); all zero, it is a zero report (零报告). R1."""

    example: ClassVar[Example] = {
        "because": [],
        "zero": False,
        "late": False,
        "figures": {"screenings": 120, "fevers": 3, "cases": 0, "observations_open": 1},
        "by": "clinic-01",
    }

    zero: bool
    late: bool = False
    figures: dict[str, Count] = Field(default_factory=dict)
    by: Actor | None = None


class FigureChange(BaseModel):
    """A figure as it was reported and as it is now."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    before: Count
    after: Count


class ReportCorrected(ReportEvent):
    """Figures changed after sign-off (更正); both values are kept. `revision` counts from 1. R1."""

    key = ("area", "date", "revision")
    example: ClassVar[Example] = {
        "revision": 1,
        "changed": {"fevers": {"before": 2, "after": 3}},
        "zero": False,
        "late": False,
        "figures": {"screenings": 120, "fevers": 3, "cases": 0, "observations_open": 1},
        "by": "clinic-01",
    }
    revision: Count
    changed: dict[str, FigureChange] = Field(default_factory=dict)
    zero: bool = False
    late: bool = False
    figures: dict[str, Count] = Field(default_factory=dict)
    by: Actor | None = None


class ReportMissed(ReportEvent):
    """A report was not there by its deadline (漏报). R1."""

    example: ClassVar[Example] = {"due_at": EVENING}

    due_at: AwareDatetime | None = None


class ReportExcused(ReportEvent):
    """A missing report was excused from above (准予免报). R1."""

    example: ClassVar[Example] = {"reason": "通信中断", "by": "clinic-01"}

    reason: Text
    by: Actor | None = None
