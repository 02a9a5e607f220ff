"""Finding alerts in screenings, taking charge of them, closing them, letting them climb. D1."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import insert, select

from services.alerts.fevers import domain, gauges
from services.alerts.fevers.tables import Alert, VoidedScreening
from shared.database.sql import present
from shared.events.alerts.fevers import (
    AlertAcknowledged,
    AlertEscalated,
    AlertOutcome,
    AlertRaised,
    AlertResolved,
    FeverDetected,
)
from shared.events.base import Cause, Event, Id
from shared.events.causes import caused_by, dump, load, merge
from shared.events.envelope import Recorded
from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.events.vocabulary import Actor, Text
from shared.exceptions import Conflict, Forbidden, NotFound
from shared.i18n.catalogue import Catalogue
from shared.i18n.messages import TEXTS as CORE_TEXTS
from shared.security.roles import Role
from shared.writer.commands import Command
from shared.writer.handlers import Tx
from shared.writer.timers import Due, schedule_many

TEXTS = Catalogue.beside(__file__)

RESPOND_BY = "fevers.respond_by"


class Acknowledge(Command):
    """Someone takes charge of an alert (接警): whoever sends this, unless `by` names another."""

    alert_id: Id
    by: Actor | None = None


class Resolve(Command):
    """An alert is closed (处置完毕) with what came of it."""

    alert_id: Id
    outcome: AlertOutcome
    note: Text | None = Field(default=None)


def screened(tx: Tx, recorded: list[Recorded[ScreeningRecorded]]) -> Iterable[Event]:
    """Find fevers, symptoms and codes among screenings; the ordinary ones cost next to nothing."""
    pack = tx.pack
    remarkable = domain.remarkable(recorded, pack)
    if not remarkable:
        return []
    known = present(tx.connection, Alert.id, map(domain.alert_id_of, remarkable))
    rows: list[dict[str, Any]] = []
    found: list[FeverDetected | AlertRaised] = []
    waiting = []
    fevers: list[datetime] = []
    for screening in remarkable:
        alert = domain.alert(screening, pack)
        if alert is None or alert.alert_id in known:
            continue
        known.add(alert.alert_id)
        found.append(alert)
        rows.append(_row(tx, alert))
        if alert.kind == "fever":
            fevers.append(screening.time)
        if domain.next_level(domain.first_level(alert.area)):
            waiting.append((alert.alert_id, alert.respond_by))
    if rows:
        tx.connection.execute(insert(Alert), rows)
    schedule_many(tx.connection, RESPOND_BY, waiting)
    tx.on_commit(lambda: gauges.found(fevers, tx.site.clock.now()))
    return [*found, *_false_alarms(tx, found)]


def screening_voided(tx: Tx, recorded: Recorded[ScreeningVoided]) -> Iterable[Event]:
    """A screening was taken back: its alert was a false one, whatever the clinic made of it."""
    screening_id = recorded.data.screening_id
    alert = tx.session.scalars(select(Alert).where(Alert.screening_id == screening_id)).first()
    if alert is None:
        remembered = tx.session.get(VoidedScreening, screening_id)
        if remembered is None and domain.finding(recorded.data, tx.pack):
            causes = dump(recorded.causes())
            tx.session.add(VoidedScreening(screening_id=screening_id, because=causes))
        return []
    if alert.outcome == "false_alarm" and alert.resolved_by is None:
        # Nobody closed it but this, heard of before.
        return []
    return [_resolved(tx, alert, "false_alarm", None, recorded.causes())]


def acknowledge(tx: Tx, command: Acknowledge) -> Iterable[Event]:
    """Take charge of an alert, so that it does not climb."""
    alert = _open_alert(tx, command.alert_id)
    if alert.status == "acknowledged":
        by = alert.acknowledged_by
        raise Conflict(TEXTS, "already_acknowledged", field="alert_id", by=by)
    alert.status, alert.acknowledged_at = "acknowledged", tx.now
    alert.acknowledged_by = by = command.by or _caller(tx)
    tx.unschedule(RESPOND_BY, alert.id)
    return [
        AlertAcknowledged(
            area=alert.area,
            occurred_at=tx.now,
            because=load(alert.because),
            alert_id=alert.id,
            by=by,
        )
    ]


def resolve(tx: Tx, command: Resolve) -> Iterable[Event]:
    """Close an alert; a fever is closed by the clinic alone."""
    alert = _open_alert(tx, command.alert_id)
    if domain.clinic_only(alert.kind) and tx.caller and tx.caller.role is not Role.HEALTH:
        raise Forbidden(CORE_TEXTS, "wrong_role", roles=Role.HEALTH)
    alert.note = command.note
    return [_resolved(tx, alert, command.outcome, _caller(tx))]


def unanswered(tx: Tx, due: Due) -> Iterable[Event]:
    """Nobody acted in time: the alert climbs to the level above, and is due again."""
    alert = tx.session.get(Alert, due.key)
    level = domain.next_level(alert.level) if alert and alert.status == "open" else None
    if alert is None or level is None:
        return []
    alert.level = level
    alert.respond_by = domain.respond_by(alert.kind, tx.now, tx.pack)
    if domain.next_level(level):
        tx.schedule(RESPOND_BY, alert.id, alert.respond_by)
    line = tx.pack.line(domain.patience_key(alert.kind))
    return [
        AlertEscalated(
            area=alert.area,
            occurred_at=tx.now,
            because=load(alert.because, line),
            alert_id=alert.id,
            level=level,
            respond_by=alert.respond_by,
        )
    ]


def _false_alarms(tx: Tx, found: list[FeverDetected | AlertRaised]) -> Iterable[Event]:
    """Alerts of screenings that had been taken back before they were heard of."""
    ids = [alert.screening_id for alert in found if alert.screening_id]
    voided = present(tx.connection, VoidedScreening.screening_id, ids)
    for alert in found:
        if alert.screening_id in voided:
            row = tx.session.get_one(Alert, alert.alert_id)
            why = tx.session.get_one(VoidedScreening, alert.screening_id)
            yield _resolved(tx, row, "false_alarm", None, load(why.because))


def _row(tx: Tx, found: FeverDetected | AlertRaised) -> dict[str, Any]:
    return {
        "id": found.alert_id,
        "area": found.area,
        "kind": found.kind,
        "status": "open",
        "level": domain.first_level(found.area),
        "screening_id": found.screening_id,
        "person_id": found.person_id,
        "temperature_c": found.temperature_c,
        "reasons": list(found.reasons),
        "found_at": found.occurred_at,
        "respond_by": found.respond_by,
        "policy": found.policy,
        "because": dump(caused_by(found, tx.now)),
    }


def _open_alert(tx: Tx, alert_id: str) -> Alert:
    alert = tx.session.get(Alert, alert_id)
    if alert is None:
        raise NotFound(TEXTS, "no_such_alert", field="alert_id")
    tx.require_access(alert.area)
    if alert.status == "resolved":
        raise Conflict(TEXTS, "already_resolved", field="alert_id")
    return alert


def _resolved(
    tx: Tx, alert: Alert, outcome: AlertOutcome, by: str | None, also: tuple[Cause, ...] = ()
) -> AlertResolved:
    alert.status, alert.outcome = "resolved", outcome
    alert.resolved_by, alert.resolved_at = by, tx.now
    tx.unschedule(RESPOND_BY, alert.id)
    return AlertResolved(
        area=alert.area,
        occurred_at=tx.now,
        because=merge(load(alert.because), also),
        alert_id=alert.id,
        outcome=outcome,
        by=by,
    )


def _caller(tx: Tx) -> str | None:
    return tx.caller.name if tx.caller else None
