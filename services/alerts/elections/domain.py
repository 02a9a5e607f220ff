"""The rules of elections (换届选举): paused where the level asks for it, then resumed. D4.

中高风险地区暂停换届选举, 待降为低风险地区后再组织开展 [PREC21]. A polling day is a date in China
Standard Time, in which `now` is; a day that is today has not passed.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.events.alerts.elections import (
    ElectionHeld,
    ElectionPaused,
    ElectionPauseOverdue,
    ElectionResumed,
    ElectionScheduled,
    ElectionStatus,
)
from shared.events.base import Cause, Event
from shared.events.envelope import Recorded


@dataclass(frozen=True, slots=True)
class Election:
    """An election as it stands; `because` are the causes of its status, first cause first.

    `pause_limit_on` is the day a pause reaches its limit; `decision_due_since` is set from then on.
    """

    id: str
    area: str
    name: str
    polling_on: date
    status: ElectionStatus
    since: datetime
    because: tuple[Cause, ...] = ()
    measure_id: str | None = None
    pause_limit_on: date | None = None
    decision_due_since: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """The measure `election_pause` in force, the causes of what follows, and its limit in days."""

    measure_id: str
    because: tuple[Cause, ...]
    limit_days: int


@dataclass(frozen=True, slots=True)
class Step:
    """What a decision makes of an election, and the events that say so."""

    election: Election
    events: tuple[Event, ...] = ()


def date_fault(polling_on: date, now: datetime) -> str | None:
    """Which message refuses a polling day; None when it has not passed."""
    return "polling_day_past" if polling_on < now.date() else None


def held_fault(election: Election, now: datetime) -> str | None:
    """Which message refuses to call an election held; None from its polling day on."""
    if election.status != "scheduled":
        return f"election_is_{election.status}"
    return "before_polling_day" if now.date() < election.polling_on else None


def scheduled(
    election_id: str, area: str, name: str, polling_on: date, *, now: datetime, by: str | None
) -> Step:
    """A new election with its polling day (确定选举日)."""
    election = Election(election_id, area, name, polling_on, "scheduled", now)
    return Step(election, (_scheduled_event(election, now, None, by),))


def rescheduled(
    election: Election, polling_on: date, now: datetime, reason: str | None, by: str | None
) -> Step:
    """The committee's new date: whatever it waited for, the election has a day again.

    Where a pause is in force it is paused anew, and its limit counts from this decision. The same
    day for an election that has it already changes nothing.
    """
    if election.status == "scheduled" and election.polling_on == polling_on:
        return Step(election)
    new = Election(
        election.id, election.area, election.name, polling_on, "scheduled", now, reason=reason
    )
    return Step(new, (_scheduled_event(new, now, reason, by),))


def held(election: Election, now: datetime, by: str | None) -> Step:
    """The election took place (选举完成); see `held_fault`."""
    event = ElectionHeld(
        area=election.area,
        occurred_at=now,
        election_id=election.id,
        polling_on=election.polling_on,
        by=by,
    )
    return Step(replace(election, status="held", since=now, because=()), (event,))


def paused_or_resumed(
    election: Election, pause: Pause | None, ended: tuple[Cause, ...], now: datetime
) -> Step:
    """What the measures in force make of an election; `ended` are the causes of a pause's end.

    A held election is left alone, and so is one whose polling day went by: there is nothing left
    to pause.
    """
    if pause is None:
        return _resumed(election, ended, now) if election.status == "paused" else Step(election)
    if election.status == "paused":
        return Step(replace(election, measure_id=pause.measure_id))
    if election.status == "awaiting_date" or _ahead(election, now):
        return _paused(election, pause, now)
    return Step(election)


def overdue(election: Election, line: str, now: datetime) -> Step:
    """A pause that has reached its limit asks for a decision, once, by a policy line."""
    limit_on = election.pause_limit_on
    waits = election.status == "paused" and election.decision_due_since is None
    if not waits or limit_on is None or now.date() < limit_on:
        return Step(election)
    paused = _paused_event(election)
    following = Recorded(paused.derived_id(), paused.service, 0, election.since, paused)
    event = ElectionPauseOverdue(
        area=election.area,
        occurred_at=now,
        because=following.causes(line),
        election_id=election.id,
        measure_id=election.measure_id,
        limit_on=limit_on,
        polling_on=election.polling_on,
    )
    return Step(replace(election, decision_due_since=now), (event,))


def _ahead(election: Election, now: datetime) -> bool:
    return election.status == "scheduled" and election.polling_on >= now.date()


def _paused(election: Election, pause: Pause, now: datetime) -> Step:
    limit_on = (now + timedelta(days=pause.limit_days)).date()
    new = replace(
        election,
        status="paused",
        since=now,
        because=pause.because,
        measure_id=pause.measure_id,
        pause_limit_on=limit_on,
        decision_due_since=None,
    )
    return Step(new, (_paused_event(new),))


def _resumed(election: Election, ended: tuple[Cause, ...], now: datetime) -> Step:
    ahead = election.polling_on >= now.date()
    event = ElectionResumed(
        area=election.area,
        occurred_at=now,
        because=ended,
        election_id=election.id,
        measure_id=election.measure_id,
        polling_on=election.polling_on if ahead else None,
    )
    new = replace(
        election,
        status="scheduled" if ahead else "awaiting_date",
        since=now,
        because=ended,
        measure_id=None,
        pause_limit_on=None,
        decision_due_since=None,
    )
    return Step(new, (event,))


def _scheduled_event(
    election: Election, now: datetime, reason: str | None, by: str | None
) -> ElectionScheduled:
    return ElectionScheduled(
        area=election.area,
        occurred_at=now,
        election_id=election.id,
        polling_on=election.polling_on,
        title=election.name,
        reason=reason,
        by=by,
    )


def _paused_event(election: Election) -> ElectionPaused:
    return ElectionPaused(
        area=election.area,
        occurred_at=election.since,
        because=election.because,
        election_id=election.id,
        measure_id=election.measure_id,
        polling_on=election.polling_on,
    )
