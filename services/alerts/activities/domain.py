"""The rules of activities (聚集性活动): applied for, decided, called off, reported on. D7.

不举办聚集性活动, 确需开展的按程序报批 [MCA9]; 喜事缓办、丧事简办、宴会不办, and residents' meetings
(村民会议) put off without an application [PREC21].

What the plan called off stays called off when the level falls: people were told not to come, and
others took the day. A new application is decided under the new level.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from shared.events.alerts.activities import (
    ActivityApplied,
    ActivityApproved,
    ActivityCalledOff,
    ActivityEvent,
    ActivityKind,
    ActivityRefused,
    ActivityReported,
    ActivityStatus,
)
from shared.events.base import Cause, Event
from shared.events.vocabulary import Level
from shared.policy.pack import PolicyPack


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity as it stands; `people` are those applied for, `came` those reported.

    `reason_en` is the reason in English where the plan gives it; it is told, not kept.
    """

    id: str
    area: str
    kind: ActivityKind
    people: int
    starts_at: datetime
    ends_at: datetime
    status: ActivityStatus
    since: datetime
    because: tuple[Cause, ...] = ()
    measure_id: str | None = None
    policy: str | None = None
    reason: str | None = None
    reason_en: str | None = None
    by: str | None = None
    came: int | None = None
    abnormal: bool | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """A measure in force against activities of more people than this, by a policy line.

    The measure `meeting_postponement` is one too, for meetings of any number.
    """

    measure_id: str
    above_people: int
    line: str | None
    because: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds where an activity is to be: the level in force, and the measures."""

    pack: PolicyPack
    level: Level
    stop: Stop | None = None
    postponement: Stop | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """Why an activity cannot be: more people than `limit`, by a policy line.

    `stop` is the measure behind it; None where only the level's number for approval is passed.
    """

    limit: int
    line: str | None
    stop: Stop | None


class Reason(NamedTuple):
    """Why the plan forbids an activity, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a decision makes of an activity, and the events that say so."""

    activity: Activity
    events: tuple[Event, ...] = ()


def barred(kind: ActivityKind, people: int, rules: Rules) -> Bar | None:
    """What forbids an activity under the level in force; the strictest rule is named."""
    stop = rules.stop
    found = [Bar(stop.above_people, stop.line, stop)] if stop else []
    if rules.postponement and kind == "meeting":
        found.insert(0, Bar(0, rules.postponement.line, rules.postponement))
    behind = found[0].stop if found else None
    approval = rules.pack.activities.of(rules.level)
    found.append(Bar(approval.limit(kind), rules.pack.line(_approval_key(kind, rules)), behind))
    strictest = min(found, key=lambda bar: bar.limit)
    return strictest if people > strictest.limit else None


def stopped(kind: ActivityKind, people: int, rules: Rules) -> tuple[Bar, Stop] | None:
    """What of the plan forbids an activity without asking anybody, and the measure behind it."""
    bar = barred(kind, people, rules)
    return (bar, bar.stop) if bar and bar.stop else None


def time_fault(starts_at: datetime, ends_at: datetime, now: datetime) -> tuple[str, str] | None:
    """`(message, field)` that refuse the times of an application."""
    if ends_at <= starts_at:
        return "ends_before_start", "ends_at"
    return ("already_begun", "starts_at") if starts_at <= now else None


def report_fault(activity: Activity, now: datetime) -> tuple[str, str] | None:
    """`(message, field)` that refuse a report: only what was approved and is over is reported."""
    if activity.status != "approved":
        return "activity_not_approved", "status"
    return ("not_over", "ends_at") if now < activity.ends_at else None


def applied(activity: Activity) -> Step:
    """An application (活动报批), waiting for a decision."""
    return Step(activity, (ActivityApplied.model_validate(_facts(activity, activity.since)),))


def decided(
    activity: Activity, *, accept: bool, reason: str | None, by: str, now: datetime
) -> Step:
    """A person's decision (批准 or 不予批准)."""
    status: ActivityStatus = "approved" if accept else "refused"
    new = replace(
        activity, status=status, since=now, reason=reason, reason_en=None, by=by, because=()
    )
    model = ActivityApproved if accept else ActivityRefused
    return Step(new, (model.model_validate(_facts(new, now)),))


def refused_by_plan(
    activity: Activity, bar: Bar, because: tuple[Cause, ...], reason: Reason, now: datetime
) -> Step:
    """An application that the measures in force forbid."""
    new = _ended_by_plan(activity, bar, because, status="refused", reason=reason, now=now)
    return Step(new, (_event_by_plan(ActivityRefused, new),))


def may_be_called_off(activity: Activity, now: datetime) -> bool:
    """Whether it lies ahead: what has begun is not called off."""
    return activity.status in ("applied", "approved") and activity.starts_at > now


def called_off(
    activity: Activity, bar: Bar, because: tuple[Cause, ...], reason: Reason, now: datetime
) -> Step:
    """An activity that the measures now in force forbid; see `may_be_called_off`."""
    new = _ended_by_plan(activity, bar, because, status="called_off", reason=reason, now=now)
    return Step(new, (_event_by_plan(ActivityCalledOff, new),))


def reported(
    activity: Activity, *, people: int, abnormal: bool | None, by: str | None, now: datetime
) -> Step:
    """The report afterwards (活动后报告): how many came, and whether anything was abnormal."""
    new = replace(
        activity, status="reported", since=now, because=(), came=people, abnormal=abnormal, by=by
    )
    facts = {**_facts(new, now), "people": people, "abnormal": abnormal}
    facts |= {"reason": None, "reason_en": None}
    return Step(new, (ActivityReported.model_validate(facts),))


def _approval_key(kind: ActivityKind, rules: Rules) -> str:
    own = kind in rules.pack.activities.of(rules.level).max_people_of
    return f"activities.{rules.level}." + (f"max_people_of.{kind}" if own else "max_people")


def _ended_by_plan(
    activity: Activity,
    bar: Bar,
    because: tuple[Cause, ...],
    *,
    status: ActivityStatus,
    reason: Reason,
    now: datetime,
) -> Activity:
    return replace(
        activity,
        status=status,
        since=now,
        because=because,
        measure_id=bar.stop.measure_id if bar.stop else None,
        policy=bar.line,
        reason=reason.zh,
        reason_en=reason.en,
        by=None,
    )


def _event_by_plan(model: type[ActivityEvent], activity: Activity) -> Event:
    facts = _facts(activity, activity.since)
    return model.model_validate({**facts, "measure_id": activity.measure_id})


def _facts(activity: Activity, now: datetime) -> dict[str, object]:
    return {
        "area": activity.area,
        "occurred_at": now,
        "because": activity.because,
        "activity_id": activity.id,
        "kind": activity.kind,
        "people": activity.people,
        "starts_at": activity.starts_at,
        "ends_at": activity.ends_at,
        "reason": activity.reason,
        "reason_en": activity.reason_en,
        "by": activity.by,
    }
