"""Fevers and other alerts (发热, 预警). D1."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example, Id
from shared.events.vocabulary import Actor, AreaLevel, Symptom, Temperature, name_vocabularies

AlertKind = Literal["fever", "symptoms", "health_code", "missed_check_in", "exposure"]
AlertReason = Literal[
    "temperature",
    Symptom,
    "health_code_yellow",
    "health_code_red",
    "missed_check_in",
    "close_contact",
    "second_contact",
]
AlertStatus = Literal["open", "acknowledged", "resolved"]
AlertOutcome = Literal["false_alarm", "observed", "referred", "isolated", "confirmed"]

name_vocabularies(
    alert_kind=AlertKind,
    alert_reason=AlertReason,
    alert_status=AlertStatus,
    alert_outcome=AlertOutcome,
)


class AlertEvent(AlertsEvent):
    """An alert (预警): something abnormal, with someone to act and a clock. D1."""

    key: ClassVar[tuple[str, ...]] = ("alert_id",)
    about: ClassVar[tuple[str, ...]] = ("alert_id",)
    alert_id: Id


class FoundAlertEvent(AlertEvent):
    """An alert as it is found, answered for until `respond_by`, by a policy line. D1.

    It comes from a screening or from a check-in under observation; what both lack is an exposure.
    """

    example: ClassVar[Example] = {
        "observation_id": None,
        "case_id": None,
        "respond_by": "2021-01-18T09:00:00+08:00",
        "policy": "2021-01#levels.community.medium",
    }

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
    example: ClassVar[Example] = {
        "kind": "fever",
        "reasons": ["temperature"],
        "temperature_c": 38.2,
    }
    kind: Literal["fever"] = "fever"
    temperature_c: Temperature


class AlertRaised(FoundAlertEvent):
    """Symptoms, a code, a missed check-in or an exposure was found (发现异常). D1."""

    key = ("screening_id", "observation_id", "case_id", "person_id", "kind")
    example: ClassVar[Example] = {
        "kind": "health_code",
        "reasons": ["health_code_red"],
        "temperature_c": 36.5,
    }
    temperature_c: Temperature | None = None


class AlertAcknowledged(AlertEvent):
    """Someone took charge of an alert (已接警). D1."""

    example: ClassVar[Example] = {"by": "clinic-01"}

    by: Actor


class AlertEscalated(AlertEvent):
    """An alert not handled in time climbed to the level above (逐级上报). D1."""

    key = ("alert_id", "level")
    example: ClassVar[Example] = {"level": "township", "respond_by": "2021-01-18T09:00:00+08:00"}
    level: AreaLevel
    respond_by: AwareDatetime | None = None


class AlertResolved(AlertEvent):
    """The clinic closed an alert (处置完毕). D1, I12."""

    example: ClassVar[Example] = {"outcome": "referred", "by": "clinic-01"}

    outcome: AlertOutcome
    by: Actor | None = None
