"""Activities where people gather (聚集性活动). D7."""

from typing import ClassVar, Literal, get_args

from pydantic import AwareDatetime

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example, Id
from shared.events.examples import EVENING, MORNING
from shared.events.vocabulary import Actor, Count, Text, name_vocabularies

ActivityKind = Literal[
    "wedding", "funeral", "banquet", "meeting", "market_day", "culture", "training", "other"
]
ActivityStatus = Literal["applied", "approved", "refused", "called_off", "reported"]
ACTIVITY_KINDS: tuple[ActivityKind, ...] = get_args(ActivityKind)

name_vocabularies(activity_kind=ActivityKind, activity_status=ActivityStatus)


class ActivityEvent(AlertsEvent):
    """An activity where people gather (聚集性活动), with the number of people. D7."""

    key: ClassVar[tuple[str, ...]] = ("activity_id",)
    about: ClassVar[tuple[str, ...]] = ("activity_id",)
    example: ClassVar[Example] = {"starts_at": MORNING, "ends_at": EVENING}
    activity_id: Id
    kind: ActivityKind
    people: Count
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    reason: Text | None = None
    reason_en: Text | None = None
    by: Actor | None = None


class ActivityApplied(ActivityEvent):
    """An activity was applied for (活动报批). D7."""

    example: ClassVar[Example] = {"because": [], "kind": "wedding", "people": 80}


class ActivityApproved(ActivityEvent):
    """An activity was approved under the level in force (批准举办). D7."""

    example: ClassVar[Example] = {
        "kind": "wedding",
        "people": 80,
        "reason": "低风险地区, 控制人数",
        "by": "lead-01",
    }


class ActivityRefused(ActivityEvent):
    """An activity was refused under the level in force (不予批准). D7."""

    about = ("activity_id", "measure_id")
    example: ClassVar[Example] = {
        "kind": "banquet",
        "people": 80,
        "reason": "宴会不办",
        "by": "lead-01",
    }
    measure_id: Id | None = None


class ActivityCalledOff(ActivityEvent):
    """An approved activity was called off when the level rose (取消活动). D7."""

    about = ("activity_id", "measure_id")
    example: ClassVar[Example] = {"kind": "wedding", "people": 80, "reason": "调整为中风险地区"}
    measure_id: Id | None = None


class ActivityReported(ActivityEvent):
    """An activity was reported on afterwards (活动后报告); `people` came. D7."""

    example: ClassVar[Example] = {
        "because": [],
        "kind": "funeral",
        "people": 12,
        "by": "lead-01",
        "abnormal": True,
    }

    abnormal: bool | None = None
