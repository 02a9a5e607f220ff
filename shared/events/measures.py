"""What a response does (防控措施): checkpoints, elections, venues, activities, services, rounds.

These are events of alerts too; `alerts.py` gives them all.
"""

import datetime as dt
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.events.base import AreaCode, Event, Id
from shared.events.values import (
    ActivityKind,
    Actor,
    BusinessAnswer,
    Category,
    CheckpointCheck,
    Count,
    Hours,
    Level,
    MeasureKind,
    Need,
    NoticeChannel,
    PlaceId,
    RequestKind,
    SanitationKind,
    ServicePlan,
    ShortText,
    Text,
    VenueKind,
)


class AlertsEvent(Event):
    """What every event of alerts shares."""

    service = "alerts"


class Order(BaseModel):
    """The command's order (指挥部命令): who issued it, under which number, from when until when."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    text: Text
    issuer: Actor | None = None
    document: ShortText | None = None
    effective_at: AwareDatetime | None = None
    until: AwareDatetime | None = None


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

    kind: MeasureKind
    limit: Count | None = None


class MeasureEnded(MeasureEvent):
    """A measure that has no event of its own ended (措施终止), or was taken back. D2."""

    kind: MeasureKind


class GateEvent(MeasureEvent):
    """Who comes and goes, and what is looked at (进出管理). D3 [PREC21]."""

    checks: tuple[CheckpointCheck, ...] = ()


class CheckpointOpened(GateEvent):
    """A checkpoint was opened (设置进出卡点). D3."""


class CheckpointClosed(GateEvent):
    """A checkpoint was closed (撤销进出卡点). D3."""


class SealingProposed(GateEvent):
    """Sealed management is proposed to the command (建议封闭管理). D3."""


class SealingImposed(GateEvent):
    """Sealed management was ordered (实行封闭管理); rescue vehicles always pass. D3 [FEB16]."""

    order: Order | None = None


class SealingLifted(GateEvent):
    """Sealed management was lifted (解除封闭管理). D3."""

    order: Order | None = None


class ElectionEvent(AlertsEvent):
    """An election of a village or residents' committee (换届选举). D4 [PREC21]."""

    key: ClassVar[tuple[str, ...]] = ("election_id",)
    about: ClassVar[tuple[str, ...]] = ("election_id",)
    election_id: Id


class ElectionScheduled(ElectionEvent):
    """An election has a polling day (确定选举日). D4."""

    polling_on: dt.date
    title: ShortText | None = None
    reason: Text | None = None
    by: Actor | None = None


class ElectionPaused(ElectionEvent):
    """An election was paused by the level (暂停换届选举); `polling_on` was its day. D4."""

    about = ("election_id", "measure_id")
    measure_id: Id | None = None
    polling_on: dt.date | None = None


class ElectionResumed(ElectionEvent):
    """An election may go on (恢复换届选举); without `polling_on` it awaits a date. D4."""

    about = ("election_id", "measure_id")
    measure_id: Id | None = None
    polling_on: dt.date | None = None


class ElectionPauseOverdue(ElectionEvent):
    """A pause reached the province's limit (暂停到期): a decision is asked for. D4."""

    about = ("election_id", "measure_id")
    measure_id: Id | None = None
    limit_on: dt.date
    polling_on: dt.date | None = None


class ElectionHeld(ElectionEvent):
    """An election was held (选举完成). D4."""

    polling_on: dt.date | None = None
    by: Actor | None = None


class VotingSlot(BaseModel):
    """When the voters of an area vote (错时投票)."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    area: AreaCode
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class VotingPlanSet(ElectionEvent):
    """How the votes are cast safely (投票办法): places, slots, proxies, people at the count. D5."""

    polling_on: dt.date | None = None
    places: Count | None = None
    slots: tuple[VotingSlot, ...] = ()
    proxies_per_voter: Count | None = None
    counting_people: Count | None = None


class VenueEvent(AlertsEvent):
    """A venue where people gather (公共活动场所), by a measure or by hand. D6 [MCA9, PREC21].

    `reason` and `by` are there when a person decided it.
    """

    key: ClassVar[tuple[str, ...]] = ("venue_id",)
    about: ClassVar[tuple[str, ...]] = ("venue_id", "measure_id")
    venue_id: Id
    kind: VenueKind
    measure_id: Id | None = None
    reason: Text | None = None
    by: Actor | None = None


class VenueClosed(VenueEvent):
    """A venue was closed (暂停开放). D6."""


class VenueLimited(VenueEvent):
    """A venue is open to `limit` people at once (流量限制). D6."""

    limit: Count


class VenueOpened(VenueEvent):
    """A venue is open without a limit (恢复开放). D6."""


class BusinessVisited(VenueEvent):
    """A business was asked to suspend (劝导暂停营业). D6 [MCA9]."""

    key = ("venue_id", "occurred_at")
    outcome: BusinessAnswer | None = None


class ActivityEvent(AlertsEvent):
    """An activity where people gather (聚集性活动), with the number of people. D7."""

    key: ClassVar[tuple[str, ...]] = ("activity_id",)
    about: ClassVar[tuple[str, ...]] = ("activity_id",)
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


class ActivityApproved(ActivityEvent):
    """An activity was approved under the level in force (批准举办). D7."""


class ActivityRefused(ActivityEvent):
    """An activity was refused under the level in force (不予批准). D7."""

    about = ("activity_id", "measure_id")
    measure_id: Id | None = None


class ActivityCalledOff(ActivityEvent):
    """An approved activity was called off when the level rose (取消活动). D7."""

    about = ("activity_id", "measure_id")
    measure_id: Id | None = None


class ActivityReported(ActivityEvent):
    """An activity was reported on afterwards (活动后报告); `people` came. D7."""

    abnormal: bool | None = None


class PlannedService(BaseModel):
    """A service of a plan, by its name there and its policy line: one request of a kind for each
    person concerned, due in so many hours.

    Concerned is who has one of the categories (none listed: anybody) and one of the needs (none
    listed: whatever they need); the need `none_recorded` stands for a person whose needs nobody
    has written down yet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    service: ShortText
    kind: RequestKind
    categories: tuple[Category, ...] = ()
    needs: tuple[Need | Literal["none_recorded"], ...] = ()
    due_hours: Hours
    policy: str


class ServicePlanChanged(AlertsEvent):
    """The area's service plan is now this one (社区服务预案调整), with all it runs. D8 [PREC21]."""

    key = ("area", "plan")
    about = ("measure_id",)
    measure_id: Id | None = None
    previous: ServicePlan
    plan: ServicePlan
    services: tuple[PlannedService, ...] = ()


class SanitationEvent(AlertsEvent):
    """A round of cleaning, disinfection or inspection (清洁消毒通风). D9."""

    key: ClassVar[tuple[str, ...]] = ("order_id",)
    about: ClassVar[tuple[str, ...]] = ("order_id", "measure_id")
    order_id: Id
    kind: SanitationKind
    measure_id: Id | None = None
    place_id: PlaceId | None = None


class SanitationOrdered(SanitationEvent):
    """Rounds were ordered (安排消毒), the first due at `due_at`. D9."""

    due_at: AwareDatetime
    times_per_day: Count | None = None


class SanitationDone(SanitationEvent):
    """A round was done (已消毒). D9."""

    key = ("order_id", "due_at")
    due_at: AwareDatetime | None = None
    by: Actor | None = None


class SanitationOverdue(SanitationEvent):
    """A round was not done in time (消毒逾期). D9."""

    key = ("order_id", "due_at")
    due_at: AwareDatetime


class NoticeIssued(AlertsEvent):
    """A notice to residents was issued (发布通告) on these channels, in both languages. D10."""

    key = ("notice_id",)
    about = ("notice_id", "measure_id")
    notice_id: Id
    level: Level
    channels: tuple[NoticeChannel, ...] = ()
    text: Text
    text_en: Text | None = None
    measure_id: Id | None = None
