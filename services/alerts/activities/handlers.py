"""Activities: applied for, decided and reported by people, called off by the measures. D7."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, Field
from sqlalchemy import select

from services.alerts.activities import domain
from services.alerts.activities.domain import Bar, Reason, Rules, Step, Stop
from services.alerts.activities.tables import Activity
from services.alerts.measures.at_areas import Found, measures_at
from services.alerts.measures.domain import Changed, MeasureFacts, leaves_all
from services.alerts.measures.in_force import causes_under, in_force
from services.alerts.risk.levels import level_in_force, own_levels
from shared.database.sql import area_range
from shared.events.alerts.activities import ActivityKind
from shared.events.alerts.measures import MeasureKind
from shared.events.base import AreaCode, Event, Id
from shared.events.causes import dump, load
from shared.events.vocabulary import Level, ShortText, Text
from shared.exceptions import Conflict, Forbidden, Invalid, NotFound
from shared.i18n.catalogue import Catalogue
from shared.policy.activities import ActivityStop
from shared.security.audit import record
from shared.security.roles import Role
from shared.writer.commands import Command, Moment
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)

STOPS: tuple[MeasureKind, ...] = ("activity_stop", "meeting_postponement")
ELSEWHERE = ("because", "reason_en")
COLUMNS = tuple(f.name for f in fields(domain.Activity) if f.name not in ELSEWHERE)
People = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class ApplyForActivity(Command):
    """An activity where people gather (聚集性活动); `applicant` is who answers for it."""

    area: AreaCode
    kind: ActivityKind
    name: ShortText
    people: People
    starts_at: Moment
    ends_at: Moment
    applicant: ShortText | None = None


class DecideActivity(Command):
    """Approve an activity or refuse it; a refusal says why."""

    activity_id: Id
    accept: bool = Field(validation_alias=AliasChoices("accept", "approve"))
    reason: Text | None = None


class OneActivity(BaseModel):
    """An activity; `reason` is why who applied for it must be known."""

    activity_id: Id
    reason: ShortText | None = None


class ReportActivity(Command):
    """How many people came to an activity, and whether anything was abnormal."""

    activity_id: Id
    people: Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
    abnormal: bool | None = None


def apply(tx: Tx, command: ApplyForActivity) -> Iterable[Event]:
    """Apply for an activity; what the measures in force forbid is refused at once."""
    fault = domain.time_fault(command.starts_at, command.ends_at, tx.now)
    if fault:
        raise Invalid(TEXTS, fault[0], field=fault[1])
    activity = domain.Activity(
        id=command.id,
        area=command.area,
        kind=command.kind,
        people=command.people,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        status="applied",
        since=tx.now,
    )
    row = Activity(id=command.id, name=command.name, applied_by=_maker(tx))
    if command.applicant:
        row.applicant = tx.site.vault.seal(_subject(row.id), {"applicant": command.applicant})
    events = _take(row, domain.applied(activity))
    stopped = domain.stopped(command.kind, command.people, _rules_here(tx, command.area))
    if stopped:
        bar, stop = stopped
        step = domain.refused_by_plan(
            activity, bar, causes_under(stop.because, bar.line), _reason(bar), tx.now
        )
        events += _take(row, step)
    tx.session.add(row)
    return events


def open_applicant(tx: Tx, asked: OneActivity) -> Iterable[Event]:
    """Note who asks who applied for an activity, and why; the answer follows the commit."""
    row = _row(tx, asked.activity_id)
    record(tx, "activity.applicant_opened", row.id, asked.reason or "")
    return ()


def decide(tx: Tx, command: DecideActivity) -> Iterable[Event]:
    """Approve or refuse an application; 409 beyond what the level in force allows."""
    row = _row(tx, command.activity_id)
    if row.status != "applied":
        raise Conflict(TEXTS, "activity_decided", field="status", status=row.status)
    if not command.accept and not command.reason:
        raise Invalid(TEXTS, "refusal_needs_reason", field="reason")
    activity = _activity(row)
    bar = domain.barred(activity.kind, activity.people, _rules_here(tx, row.area))
    if command.accept and bar:
        facts = {"policy": bar.line, "limit": bar.limit}
        raise Conflict(TEXTS, _message(bar), field="people", extras=facts, **facts)
    action = "activity.approved" if command.accept else "activity.refused"
    record(tx, action, row.id, command.reason or "")
    by = tx.caller.name if tx.caller else ""
    step = domain.decided(activity, accept=command.accept, reason=command.reason, by=by, now=tx.now)
    return _take(row, step)


def report(tx: Tx, command: ReportActivity) -> Iterable[Event]:
    """Report on an activity once it is over; a resident on what they applied for alone."""
    row = _row(tx, command.activity_id)
    resident = tx.caller is not None and tx.caller.role is Role.RESIDENT
    # Rows of an earlier release do not say who applied.
    if resident and row.applied_by not in (None, _maker(tx)):
        raise Forbidden(TEXTS, "not_your_activity", field="activity_id")
    fault = domain.report_fault(_activity(row), tx.now)
    if fault:
        raise Conflict(TEXTS, fault[0], field=fault[1], status=row.status, ends_at=row.ends_at)
    # A resident's name is their own: it stands in no event and in no list.
    by = tx.caller.name if tx.caller and not resident else None
    step = domain.reported(
        _activity(row), people=command.people, abnormal=command.abnormal, by=by, now=tx.now
    )
    return _take(row, step)


def measures_changed(tx: Tx, cause: Changed) -> Iterable[Event]:
    """Call off the activities under an area that its measures in force now forbid."""
    if leaves_all(cause):
        return ()
    area = cause.data.area
    query = select(Activity).where(
        area_range(Activity.area, area),
        Activity.status.in_(("applied", "approved")),
        Activity.starts_at > tx.now,
    )
    rows = tx.session.scalars(query.order_by(Activity.id)).all()
    if not rows:
        return ()
    found = measures_at(tx.session, tx.site, [row.area for row in rows], area, STOPS)
    levels = own_levels(tx.session, area)
    events: list[Event] = []
    for row in rows:
        activity = _activity(row)
        rules = _rules(tx, found[row.area], level_in_force(levels, row.area))
        stopped = domain.stopped(activity.kind, activity.people, rules)
        if stopped and domain.may_be_called_off(activity, tx.now):
            bar, _ = stopped
            because = cause.causes(bar.line)
            events += _take(row, domain.called_off(activity, bar, because, _reason(bar), tx.now))
    return events


def item(row: Activity) -> dict[str, Any]:
    """An activity as it is listed; who applied is not shown."""
    return {
        "id": row.id,
        "area": row.area,
        "kind": row.kind,
        "name": row.name,
        "people": row.people,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "status": row.status,
        "since": row.since,
        "because": row.because,
        "measure_id": row.measure_id,
        "policy": row.policy,
        "reason": row.reason,
        "by": row.by,
        "came": row.came,
        "abnormal": row.abnormal,
    }


def with_applicant(tx: Tx, asked: OneActivity) -> dict[str, Any]:
    """An activity with who applied for it."""
    row = _row(tx, asked.activity_id)
    return {**item(row), "applicant": _applicant(tx, row.id, row.applicant)}


def answer(tx: Tx, command: ApplyForActivity | DecideActivity | ReportActivity) -> dict[str, Any]:
    """The activity after a change."""
    known = command.id if isinstance(command, ApplyForActivity) else command.activity_id
    return item(_row(tx, known))


def _applicant(tx: Tx, activity_id: str, sealed: bytes | None) -> str | None:
    if sealed is None:
        return None
    told = tx.site.vault.open(_subject(activity_id), sealed, formerly=activity_id)
    return told.get("applicant")


def _subject(activity_id: str) -> str:
    """The vault's name of who applied: an id alone may be that of a person or a request too."""
    return f"activity:{activity_id}"


def _maker(tx: Tx) -> str | None:
    """By what an activity knows its applicant again, in 64 digits that tell no name."""
    caller = tx.caller
    if caller is None:
        return None
    return tx.site.vault.blind_index("activity.applied_by", f"{caller.role}:{caller.name}")


def _rules_here(tx: Tx, area: str) -> Rules:
    found = in_force(tx.session, tx.site, area, STOPS)
    return _rules(tx, found, level_in_force(own_levels(tx.session, area), area))


def _rules(tx: Tx, found: Found, level: Level) -> Rules:
    stop = found.get("activity_stop")
    postponement = found.get("meeting_postponement")
    return Rules(
        tx.pack,
        level,
        _stop(stop, stop.parameters.above_people)
        if stop and isinstance(stop.parameters, ActivityStop)
        else None,
        _stop(postponement, 0) if postponement else None,
    )


def _stop(measure: MeasureFacts, above_people: int) -> Stop:
    return Stop(measure.id, above_people, measure.line, measure.because)


def _reason(bar: Bar) -> Reason:
    values = {"limit": bar.limit, "policy": bar.line}
    return Reason(
        zh=TEXTS.text(_message(bar), "zh", **values), en=TEXTS.text(_message(bar), "en", **values)
    )


def _message(bar: Bar) -> str:
    return "activity_above_limit" if bar.limit else "activity_not_allowed"


def _take(row: Activity, step: Step) -> tuple[Event, ...]:
    for column in COLUMNS:
        setattr(row, column, getattr(step.activity, column))
    row.because = dump(step.activity.because)
    return step.events


def _activity(row: Activity) -> domain.Activity:
    facts = {column: getattr(row, column) for column in COLUMNS}
    return domain.Activity(**facts, because=load(row.because))


def _row(tx: Tx, activity_id: str) -> Activity:
    row = tx.session.get(Activity, activity_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_activity", field="activity_id")
    tx.require_access(row.area)
    return row
