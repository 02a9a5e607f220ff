"""HTTP of alerts. D1."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from services.alerts.fevers import answers, handlers
from services.alerts.fevers.handlers import TEXTS, Acknowledge, Resolve
from services.alerts.fevers.tables import Alert
from shared.database.sql import area_range
from shared.events.alerts.fevers import AlertKind, AlertStatus
from shared.events.base import AreaCode, Id
from shared.exceptions import NotFound
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.security.roles import OF_HEALTH, Role
from shared.writer.handlers import Tx

ACTING = (Role.RECORDER, Role.HEALTH, Role.LEAD, Role.COMMAND)


class Alerts(Paged):
    """Which alerts to list: of an area (else the caller's own), a status, a kind."""

    area: AreaCode | None = None
    status: AlertStatus | None = None
    kind: AlertKind | None = None


class OneAlert(BaseModel):
    """Which alert to read."""

    alert_id: Id


def listed(read: Read, asked: Alerts) -> dict[str, Any]:
    """Alerts, the latest found first."""
    query = select(Alert).where(area_range(Alert.area, read.scope(asked.area)))
    if asked.status is not None:
        query = query.where(Alert.status == asked.status)
    if asked.kind is not None:
        query = query.where(Alert.kind == asked.kind)
    rows, following = page(read.session, query, asked, Alert.found_at, Alert.id, newest_first=True)
    return {"items": [shown(row) for row in rows], "next": following}


def one(read: Read, asked: OneAlert) -> dict[str, Any]:
    """One alert."""
    alert = read.session.get(Alert, asked.alert_id)
    if alert is None:
        raise NotFound(TEXTS, "no_such_alert", field="alert_id")
    read.require_access(alert.area)
    return shown(alert)


def shown(alert: Alert) -> dict[str, Any]:
    """An alert as it is answered."""
    return {
        "id": alert.id,
        "alert_id": alert.id,
        "area": alert.area,
        "kind": alert.kind,
        "status": alert.status,
        "level": alert.level,
        "screening_id": alert.screening_id,
        "person_id": alert.person_id,
        "temperature_c": alert.temperature_c,
        "reasons": alert.reasons,
        "found_at": alert.found_at,
        "respond_by": alert.respond_by,
        "policy": alert.policy,
        "because": alert.because,
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": alert.acknowledged_at,
        "outcome": alert.outcome,
        "resolved_by": alert.resolved_by,
        "resolved_at": alert.resolved_at,
        "note": alert.note,
    }


def _answer(tx: Tx, command: Acknowledge | Resolve) -> dict[str, Any]:
    return shown(tx.session.get_one(Alert, command.alert_id))


routes = Routes("/alerts", "alerts", TEXTS)
routes.get("/alerts", listed, Alerts, returns=Page[answers.Alert], roles=OF_HEALTH)
routes.get(
    "/alerts/{alert_id}",
    one,
    OneAlert,
    returns=answers.Alert,
    roles=OF_HEALTH,
    area=AreaCheck.ROW,
)
routes.post(
    "/alerts/{alert_id}/acknowledge",
    handlers.acknowledge,
    Acknowledge,
    returns=answers.Alert,
    roles=ACTING,
    area=AreaCheck.ROW,
    status=200,
    answer=_answer,
)
routes.post(
    "/alerts/{alert_id}/resolve",
    handlers.resolve,
    Resolve,
    returns=answers.Alert,
    roles=(Role.HEALTH, Role.LEAD),
    area=AreaCheck.ROW,
    status=200,
    answer=_answer,
)
