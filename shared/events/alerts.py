"""What is decided: the events of alerts (预警与响应).

Alerts, situations, levels and responses are here, what a response does in `measures.py`; both are
imported from here.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import Id
from shared.events.measures import (
    ActivityApplied,
    ActivityApproved,
    ActivityCalledOff,
    ActivityEvent,
    ActivityRefused,
    ActivityReported,
    AlertsEvent,
    BusinessVisited,
    CheckpointClosed,
    CheckpointOpened,
    ElectionEvent,
    ElectionHeld,
    ElectionPaused,
    ElectionPauseOverdue,
    ElectionResumed,
    ElectionScheduled,
    GateEvent,
    MeasureEnded,
    MeasureEvent,
    MeasureStarted,
    NoticeIssued,
    Order,
    PlannedService,
    SanitationDone,
    SanitationEvent,
    SanitationOrdered,
    SanitationOverdue,
    SealingImposed,
    SealingLifted,
    SealingProposed,
    ServicePlanChanged,
    VenueClosed,
    VenueEvent,
    VenueLimited,
    VenueOpened,
    VotingPlanSet,
    VotingSlot,
)
from shared.events.values import (
    Actor,
    AlertKind,
    AlertOutcome,
    AlertReason,
    AreaLevel,
    Days,
    Level,
    LevelReason,
    MeasureKind,
    ShortText,
    Situation,
    Temperature,
)

__all__ = [
    "ActivityApplied",
    "ActivityApproved",
    "ActivityCalledOff",
    "ActivityEvent",
    "ActivityRefused",
    "ActivityReported",
    "AlertAcknowledged",
    "AlertEscalated",
    "AlertEvent",
    "AlertRaised",
    "AlertResolved",
    "AlertsEvent",
    "BusinessVisited",
    "CheckpointClosed",
    "CheckpointOpened",
    "ElectionEvent",
    "ElectionHeld",
    "ElectionPauseOverdue",
    "ElectionPaused",
    "ElectionResumed",
    "ElectionScheduled",
    "EligibilityDecided",
    "FeverDetected",
    "FoundAlertEvent",
    "GateEvent",
    "MeasureEnded",
    "MeasureEvent",
    "MeasureStarted",
    "NoticeIssued",
    "Order",
    "PlannedService",
    "ResponseChanged",
    "ResponseEnded",
    "ResponseEvent",
    "ResponseStarted",
    "RiskLevelChanged",
    "RiskLevelDeclined",
    "RiskLevelProposed",
    "SanitationDone",
    "SanitationEvent",
    "SanitationOrdered",
    "SanitationOverdue",
    "SealingImposed",
    "SealingLifted",
    "SealingProposed",
    "ServicePlanChanged",
    "ShortageRaised",
    "SituationChanged",
    "VenueClosed",
    "VenueEvent",
    "VenueLimited",
    "VenueOpened",
    "VotingPlanSet",
    "VotingSlot",
]


class AlertEvent(AlertsEvent):
    """An alert (预警): something abnormal, with someone to act and a clock. D1."""

    key: ClassVar[tuple[str, ...]] = ("alert_id",)
    about: ClassVar[tuple[str, ...]] = ("alert_id",)
    alert_id: Id


class FoundAlertEvent(AlertEvent):
    """An alert as it is found, answered for until `respond_by`, by a policy line. D1.

    It comes from a screening or from a check-in under observation; what both lack is an exposure.
    """

    screening_id: Id | None = None
    observation_id: Id | None = None
    case_id: Id | None = None
    person_id: Id | None = None
    kind: AlertKind
    reasons: tuple[AlertReason, ...] = ()
    respond_by: AwareDatetime
    policy: str


class FeverDetected(FoundAlertEvent):
    """A temperature in °C at or above the pack's threshold was found (发现发热). D1."""

    key = ("screening_id", "observation_id")
    kind: Literal["fever"] = "fever"
    temperature_c: Temperature


class AlertRaised(FoundAlertEvent):
    """Symptoms, a code, a missed check-in or an exposure was found (发现异常). D1."""

    key = ("screening_id", "observation_id", "case_id", "person_id", "kind")
    temperature_c: Temperature | None = None


class AlertAcknowledged(AlertEvent):
    """Someone took charge of an alert (已接警). D1."""

    by: Actor


class AlertEscalated(AlertEvent):
    """An alert not handled in time climbed to the level above (逐级上报). D1."""

    key = ("alert_id", "level")
    level: AreaLevel
    respond_by: AwareDatetime | None = None


class AlertResolved(AlertEvent):
    """The clinic closed an alert (处置完毕). D1, I12."""

    outcome: AlertOutcome
    by: Actor | None = None


class SituationChanged(AlertsEvent):
    """The area is in another of the three situations (疫情情形变化). A3 [RC20, MCA9].

    `evidence` is the ids of the cases that make it so.
    """

    # The lapse of time takes the last case as its cause, which may have made this situation before.
    key = ("area", "situation", "occurred_at")
    previous: Situation
    situation: Situation
    evidence: tuple[Id, ...] = ()
    policy: str | None = None


class RiskLevelProposed(AlertsEvent):
    """The cases make another risk level (风险等级建议); `evidence` is their ids. A4 [PREC21]."""

    key = ("proposal_id",)
    about = ("proposal_id",)
    proposal_id: Id
    previous: Level
    level: Level
    reason: LevelReason
    evidence: tuple[Id, ...] = ()
    policy: str


class RiskLevelDeclined(AlertsEvent):
    """The command declined a proposed level (不采纳风险等级建议), with its reason. A4."""

    key = ("proposal_id",)
    about = ("proposal_id",)
    proposal_id: Id
    previous: Level
    level: Level
    order: Order | None = None


class RiskLevelChanged(AlertsEvent):
    """The area's own risk level is now this one (风险等级调整), by order or by the pack. A4.

    An order for the level that the area has (重申) has `previous` equal to `level`. What was in
    force before and is now, by this level and those of the areas above: `previous_in_force` and
    `level_in_force`.
    """

    # As for situations: one case may lead to the same level in two episodes.
    key = ("area", "level", "occurred_at")
    about = ("proposal_id",)
    previous: Level
    level: Level
    previous_in_force: Level | None = None
    level_in_force: Level | None = None
    reason: LevelReason
    evidence: tuple[Id, ...] = ()
    policy: str | None = None
    order: Order | None = None
    proposal_id: Id | None = None


class ResponseEvent(AlertsEvent):
    """The response plan of an area (应急响应), with the kinds of measure it holds. D2 [PREC21]."""

    key: ClassVar[tuple[str, ...]] = ("response_id",)
    about: ClassVar[tuple[str, ...]] = ("response_id",)
    response_id: Id
    level: Level
    measures: tuple[MeasureKind, ...] = ()
    previous: Level | None = None
    situation: Situation | None = None


class ResponseStarted(ResponseEvent):
    """A response began (启动应急响应). D2."""


class ResponseChanged(ResponseEvent):
    """A response is now one of another level or other measures (调整应急响应). D2."""


class ResponseEnded(ResponseEvent):
    """A response ended (终止应急响应); `measures` are those that ended with it. D2."""


class EligibilityDecided(AlertsEvent):
    """Whether someone with an abnormal declaration may take part (参加资格认定). I8 [PREC21]."""

    key = ("declaration_id",)
    about = ("declaration_id",)
    declaration_id: Id
    allowed: bool
    by: Actor


class ShortageRaised(AlertsEvent):
    """A supply lasts for few days at the present use (物资短缺). I10."""

    key = ("area", "item")
    item: ShortText
    days_of_cover: Days
