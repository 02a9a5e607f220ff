"""The measures of a policy pack (防控措施): the parameters of each kind, and how two are joined."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.events.values import (
    SERVICE_PLANS,
    CheckpointCheck,
    Level,
    NoticeChannel,
    ServicePlan,
    Situation,
    VenueKind,
)
from shared.policy_sections import People, Section, Text

Trait = Literal["border_village", "airport_vicinity", "urban_rural_fringe", "many_migrant_workers"]


@dataclass(frozen=True)
class Stricter:
    """How one value is made of two so that it is no weaker than either."""

    of: Callable[[Any, Any], Any]


UNION = Stricter(lambda one, other: tuple(dict.fromkeys((*one, *other))))
LOWER = Stricter(min)
HIGHER = Stricter(max)
STRONGER_PLAN = Stricter(lambda one, other: max(one, other, key=SERVICE_PLANS.index))


class Measure(Section):
    """The parameters of a measure (防控措施)."""

    def joined(self, other: "Measure") -> "Measure":
        """Both at once, never weaker than either; what cannot be compared stays this one's."""
        values = {}
        for name, field in type(self).model_fields.items():
            mine = getattr(self, name)
            rule = next((mark for mark in field.metadata if isinstance(mark, Stricter)), None)
            values[name] = rule.of(mine, getattr(other, name)) if rule else mine
        return type(self).model_validate(values)


class Checkpoint(Measure):
    """进出卡点: what is checked at the entrance [PREC21]."""

    checks: Annotated[tuple[CheckpointCheck, ...], Field(min_length=1), UNION]


class Sealing(Measure):
    """封闭管理: only ever proposed; it is imposed by order alone [MCA9, PREC21]."""

    proposed: Literal[True]


class ElectionPause(Measure):
    """暂停换届选举 [PREC21]."""


class VenueClosure(Measure):
    """Every venue closed (暂停开放) [MCA9, PREC21]."""


class VenueLimit(Measure):
    """限制人流: venues of some kinds closed, the others open to a percentage of capacity."""

    limit_percent: Annotated[int, Field(ge=1, le=100), LOWER]
    closed_kinds: Annotated[tuple[VenueKind, ...], UNION]


class ActivityStop(Measure):
    """停办聚集性活动: activities of more people than this are called off; 0 stops all [MCA9]."""

    above_people: Annotated[People, LOWER]


class MeetingPostponement(Measure):
    """推迟村(居)民会议 [PREC21]."""


class ServicePlanChange(Measure):
    """社区服务应急响应预案: the service plan in force [PREC21]."""

    plan: Annotated[ServicePlan, STRONGER_PLAN]


class Sanitation(Measure):
    """清洁消毒: rounds a day [MCA9, PREC21]."""

    times_per_day: Annotated[int, Field(ge=1, le=24), HIGHER]


class Notice(Measure):
    """告居民书: where residents are told, and what [MCA9, PREC21]."""

    channels: Annotated[tuple[NoticeChannel, ...], Field(min_length=1), UNION]
    text_zh: Text
    text_en: Text


class DutyDayAndNight(Measure):
    """全天候有人值守 [PREC21]."""


class MeasurePlan(Section):
    """What one level, situation or trait does: a table for each measure, absent ones not taken."""

    checkpoint: Checkpoint | None = None
    sealing: Sealing | None = None
    election_pause: ElectionPause | None = None
    venue_closure: VenueClosure | None = None
    venue_limit: VenueLimit | None = None
    activity_stop: ActivityStop | None = None
    meeting_postponement: MeetingPostponement | None = None
    service_plan: ServicePlanChange | None = None
    sanitation: Sanitation | None = None
    notice: Notice | None = None
    duty_day_and_night: DutyDayAndNight | None = None


class Measures(Section):
    """The plans by level [PREC21], by situation [RC20, MCA9] and by area trait [PREC21]."""

    low: MeasurePlan
    medium: MeasurePlan
    high: MeasurePlan
    no_cases: MeasurePlan
    cases_or_outbreak: MeasurePlan
    spread: MeasurePlan
    border_village: MeasurePlan
    airport_vicinity: MeasurePlan
    urban_rural_fringe: MeasurePlan
    many_migrant_workers: MeasurePlan

    def of(self, source: Level | Situation | Trait) -> MeasurePlan:
        """The plan of a level, a situation or a trait."""
        plan: MeasurePlan = getattr(self, source)
        return plan
