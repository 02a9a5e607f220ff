"""The measures of a response, and those that have no noun of their own (防控措施). D2."""

from typing import ClassVar, Literal, get_args

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example, Id
from shared.events.vocabulary import Count, name_vocabularies

MeasureKind = Literal[
    "checkpoint",
    "sealing",
    "election_pause",
    "venue_closure",
    "venue_limit",
    "activity_stop",
    "meeting_postponement",
    "service_plan",
    "sanitation",
    "notice",
    "duty_day_and_night",
]
MEASURE_KINDS: tuple[MeasureKind, ...] = get_args(MeasureKind)

name_vocabularies(measure_kind=MeasureKind)


class MeasureEvent(AlertsEvent):
    """A measure of a response in one community (防控措施). D2."""

    key: ClassVar[tuple[str, ...]] = ("measure_id",)
    about: ClassVar[tuple[str, ...]] = ("measure_id",)
    measure_id: Id
    response_id: Id | None = None


class MeasureStarted(MeasureEvent):
    """A measure that has no event of its own began (措施启动). D2, D7, V5.

    `limit` is the people an activity may have at most, for `activity_stop`.
    """

    example: ClassVar[Example] = {"kind": "activity_stop", "limit": 20}

    kind: MeasureKind
    limit: Count | None = None


class MeasureEnded(MeasureEvent):
    """A measure that has no event of its own ended (措施终止), or was taken back. D2."""

    example: ClassVar[Example] = {"kind": "meeting_postponement"}

    kind: MeasureKind
