"""What is reported: the events of rollup (报告)."""

import datetime as dt
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.base import AreaCode, Event, Id
from shared.events.values import Actor, Count, Text, UrgentKind


class RollupEvent(Event):
    """What every event of rollup shares."""

    service = "rollup"


class ReportEvent(RollupEvent):
    """The daily report of an area (日报告); an area and a day name it. R1."""

    key: ClassVar[tuple[str, ...]] = ("area", "date")
    date: dt.date


class ReportOpened(ReportEvent):
    """A report is expected, by `due_at` (日报应报). R1."""

    due_at: AwareDatetime | None = None


class ReportSubmitted(ReportEvent):
    """A report was signed off (报送); all zero, it is a zero report (零报告). R1."""

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
    revision: Count
    changed: dict[str, FigureChange] = Field(default_factory=dict)
    zero: bool = False
    late: bool = False
    figures: dict[str, Count] = Field(default_factory=dict)
    by: Actor | None = None


class ReportMissed(ReportEvent):
    """A report was not there by its deadline (漏报). R1."""

    due_at: AwareDatetime | None = None


class ReportExcused(ReportEvent):
    """A missing report was excused from above (准予免报). R1."""

    reason: Text
    by: Actor | None = None


class UrgentReportRaised(RollupEvent):
    """An urgent report went up the tree at once (紧急报告). R2."""

    key = ("report_id",)
    about = ("report_id",)
    report_id: Id
    kind: UrgentKind
    alert_id: Id | None = None
    case_id: Id | None = None
    text: Text | None = None


class InstructionEvent(RollupEvent):
    """An instruction of the command (指挥部指令). R8."""

    key: ClassVar[tuple[str, ...]] = ("instruction_id",)
    about: ClassVar[tuple[str, ...]] = ("instruction_id",)
    instruction_id: Id
    text: Text
    by: Actor | None = None


class InstructionSent(InstructionEvent):
    """An instruction went down to these areas (下达), to be answered by `due_at`. R8."""

    to_areas: tuple[AreaCode, ...] = ()
    due_at: AwareDatetime | None = None


class InstructionAnswered(InstructionEvent):
    """An area answered an instruction (反馈). R8."""

    key = ("instruction_id", "area")


class ProblemEvent(RollupEvent):
    """A problem that a community cannot solve itself (解决不了的问题). R6."""

    key: ClassVar[tuple[str, ...]] = ("problem_id",)
    about: ClassVar[tuple[str, ...]] = ("problem_id",)
    problem_id: Id
    text: Text
    by: Actor | None = None


class ProblemRaised(ProblemEvent):
    """A problem went up (问题上报). R6."""


class ProblemClosed(ProblemEvent):
    """A problem was answered and closed (问题办结). R6."""
