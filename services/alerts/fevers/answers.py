"""What the routes of alerts answer. D1."""

from pydantic import AwareDatetime

from shared.events.alerts.fevers import AlertKind, AlertOutcome, AlertReason, AlertStatus
from shared.events.base import AreaCode, Cause, Id
from shared.events.vocabulary import AreaLevel
from shared.http.answers import Answered


class Alert(Answered):
    """An alert (预警); `id` and `alert_id` are the same."""

    id: Id
    alert_id: Id
    area: AreaCode
    kind: AlertKind
    status: AlertStatus
    level: AreaLevel
    screening_id: Id | None
    person_id: Id | None
    temperature_c: float | None
    reasons: list[AlertReason]
    found_at: AwareDatetime
    respond_by: AwareDatetime
    policy: str
    because: list[Cause]
    acknowledged_by: str | None
    acknowledged_at: AwareDatetime | None
    outcome: AlertOutcome | None
    resolved_by: str | None
    resolved_at: AwareDatetime | None
    note: str | None
