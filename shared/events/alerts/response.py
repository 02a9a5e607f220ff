"""The response plan of an area (应急响应). D2."""

from typing import ClassVar

from shared.events.alerts.base import AlertsEvent
from shared.events.alerts.measures import MeasureKind
from shared.events.base import Example, Id
from shared.events.vocabulary import Level, Situation


class ResponseEvent(AlertsEvent):
    """The response plan of an area (应急响应), with the kinds of measure it holds. D2 [PREC21]."""

    key: ClassVar[tuple[str, ...]] = ("response_id",)
    about: ClassVar[tuple[str, ...]] = ("response_id",)
    example: ClassVar[Example] = {
        "level": "medium",
        "measures": ["checkpoint", "election_pause", "service_plan"],
        "situation": "cases_or_outbreak",
    }
    response_id: Id
    level: Level
    measures: tuple[MeasureKind, ...] = ()
    previous: Level | None = None
    situation: Situation | None = None


class ResponseStarted(ResponseEvent):
    """A response began (启动应急响应). D2."""


class ResponseChanged(ResponseEvent):
    """A response is now one of another level or other measures (调整应急响应). D2."""

    example: ClassVar[Example] = {"previous": "low"}


class ResponseEnded(ResponseEvent):
    """A response ended (终止应急响应); `measures` are those that ended with it. D2."""

    example: ClassVar[Example] = {"previous": "low"}
