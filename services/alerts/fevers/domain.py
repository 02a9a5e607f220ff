"""The rules of alerts from screenings (发热和异常预警): what is found, who acts by when. D1.

A fever, symptoms, or a yellow or red health code make one alert for a screening; a fever comes
before symptoms, symptoms before a code, and the reasons tell all of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.areas.tree import level_of
from shared.events.alerts.fevers import AlertKind, AlertRaised, AlertReason, FeverDetected
from shared.events.base import id_from
from shared.events.envelope import Recorded
from shared.events.intake.screenings import ScreeningEvent, ScreeningRecorded
from shared.events.vocabulary import AreaLevel
from shared.policy.pack import PolicyPack

CODE_REASONS: dict[str, AlertReason] = {
    "yellow": "health_code_yellow",
    "red": "health_code_red",
}
ABOVE: dict[AreaLevel, AreaLevel] = {
    "grid": "community",
    "community": "township",
    "township": "county",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is abnormal about a screening, and the key of the policy line that says so."""

    kind: AlertKind
    reasons: tuple[AlertReason, ...]
    key: str


def remarkable(
    screenings: Iterable[Recorded[ScreeningRecorded]], pack: PolicyPack
) -> list[Recorded[ScreeningRecorded]]:
    """The few screenings that may have to be alerted; every screening passes here."""
    threshold, codes = pack.fever.threshold_c, frozenset(pack.alerts.codes_raise)
    return [
        recorded
        for recorded in screenings
        if recorded.data.symptoms
        or ((found := recorded.data.temperature_c) is not None and found >= threshold)
        or recorded.data.health_code in codes
    ]


def finding(screening: ScreeningEvent, pack: PolicyPack) -> Finding | None:
    """What is abnormal about a screening; None when nothing is. °C, at the threshold and above."""
    temperature_c, code = screening.temperature_c, screening.health_code
    fever = temperature_c is not None and temperature_c >= pack.fever.threshold_c
    reasons: list[AlertReason] = ["temperature"] if fever else []
    if pack.alerts.symptoms_raise or fever:
        reasons += screening.symptoms
    if code in CODE_REASONS and code in pack.alerts.codes_raise:
        reasons.append(CODE_REASONS[code])
    if not reasons:
        return None
    if fever:
        return Finding("fever", tuple(reasons), "fever.threshold_c")
    if reasons[0] not in CODE_REASONS.values():
        return Finding("symptoms", tuple(reasons), "alerts.symptoms_raise")
    return Finding("health_code", tuple(reasons), "alerts.codes_raise")


def alert_id_of(screening: Recorded[ScreeningRecorded]) -> str:
    """The id of the one alert of a screening."""
    return id_from(screening.id, "alert")


def alert(
    screening: Recorded[ScreeningRecorded], pack: PolicyPack
) -> FeverDetected | AlertRaised | None:
    """The alert of a screening, to be answered in the pack's minutes from its recording."""
    found = finding(screening.data, pack)
    if found is None:
        return None
    line = pack.line(found.key)
    facts = {
        "area": screening.data.area,
        "occurred_at": screening.data.occurred_at,
        "because": screening.causes(policy=line),
        "alert_id": alert_id_of(screening),
        "screening_id": screening.data.screening_id,
        "person_id": screening.data.person_id,
        "temperature_c": screening.data.temperature_c,
        "kind": found.kind,
        "reasons": found.reasons,
        "respond_by": screening.time + patience(found.kind, pack),
        "policy": line,
    }
    model = FeverDetected if found.kind == "fever" else AlertRaised
    return model.model_validate(facts)


def patience(kind: AlertKind, pack: PolicyPack) -> timedelta:
    """How long an alert may wait at one level."""
    section = pack.fever if kind == "fever" else pack.alerts
    return timedelta(minutes=section.respond_within_minutes)


def patience_key(kind: AlertKind) -> str:
    """The key of the policy line that says how long."""
    return f"{'fever' if kind == 'fever' else 'alerts'}.respond_within_minutes"


def first_level(area: str) -> AreaLevel:
    """Who acts first: those of the area where it was found."""
    return level_of(area).value


def next_level(level: AreaLevel) -> AreaLevel | None:
    """Where an alert climbs when nobody acts (逐级上报); None at the county and above."""
    return ABOVE.get(level)


def respond_by(kind: AlertKind, now: datetime, pack: PolicyPack) -> datetime:
    """Until when the next level has to act."""
    return now + patience(kind, pack)


def clinic_only(kind: AlertKind) -> bool:
    """Whether only the clinic may close an alert of this kind: a fever. D1."""
    return kind == "fever"
