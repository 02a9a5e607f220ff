"""The rules of venues (公共活动场所): closed, limited to a number of people, or open. D6.

Two hands decide: the plan, through the measures in force, and a person. The plan undoes only what
it did, so what a person closed or limited stays so until a person opens it; and what the plan asks
binds a person, save the command, whose order stands as long as the very measure it overrules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.events.alerts.venues import (
    VenueClosed,
    VenueKind,
    VenueLimited,
    VenueOpened,
    VenueStatus,
)
from shared.events.base import Cause, Event
from shared.policy.venues import VenueClosure, VenueLimit

UNLIMITED = 1_000_000_000


@dataclass(frozen=True, slots=True)
class InForce:
    """A measure on venues in force: its id, what it asks, and the causes of what follows."""

    measure_id: str
    parameters: VenueClosure | VenueLimit
    because: tuple[Cause, ...]
    line: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the plan asks of one venue, and by which measure; open when none is in force."""

    status: VenueStatus = "open"
    limit: int | None = None
    measure: InForce | None = None

    @property
    def measure_id(self) -> str | None:
        """The measure that asks it."""
        return self.measure.measure_id if self.measure else None


@dataclass(frozen=True, slots=True)
class ManualRequest:
    """What a person decided, why and who; `over` is the measure that the command overruled."""

    status: VenueStatus
    limit: int | None = None
    over: str | None = None
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue as it stands: people at once as `capacity` and `limit`."""

    id: str
    area: str
    kind: VenueKind
    capacity: int | None
    status: VenueStatus
    since: datetime
    limit: int | None = None
    because: tuple[Cause, ...] = ()
    measure_id: str | None = None
    hand: ManualRequest | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a decision makes of a venue, and the events that say so."""

    venue: Venue
    events: tuple[Event, ...] = ()


def asked_of(
    kind: VenueKind, capacity: int | None, assumed_capacity: int, measures: Sequence[InForce]
) -> Asked:
    """What the measures in force ask of a venue: the strictest of them.

    A closure closes every kind; a limit closes the kinds that it names and leaves the others a
    percentage of their capacity, rounded down, but not less than one person.
    """
    asked = Asked()
    for measure in measures:
        if isinstance(measure.parameters, VenueClosure) or kind in measure.parameters.closed_kinds:
            each = Asked("closed", None, measure)
        else:
            people = (capacity or assumed_capacity) * measure.parameters.limit_percent // 100
            each = Asked("limited", max(people, 1), measure)
        if _people(each) < _people(asked):
            asked = each
    return asked


def overrules(request: ManualRequest, asked: Asked) -> bool:
    """Whether a person wants a venue more open than the plan asks."""
    return not _follows(request) and _people(request) > _people(asked)


def registered(
    venue_id: str, area: str, kind: VenueKind, *, capacity: int | None, asked: Asked, now: datetime
) -> Step:
    """A new venue, at once as the plan asks; an open one is no news."""
    venue = Venue(venue_id, area, kind, capacity, "open", now)
    because = asked.measure.because if asked.measure else ()
    return _settled(venue, asked, because, now)


def measured(venue: Venue, asked: Asked, ended: tuple[Cause, ...], now: datetime) -> Step:
    """What changed measures make of a venue; `ended` are the causes of a measure's end."""
    return _settled(venue, asked, asked.measure.because if asked.measure else ended, now)


def requested(venue: Venue, request: ManualRequest, asked: Asked, now: datetime) -> Step:
    """What a person's request makes of a venue.

    Opening what no measure restricts, or limiting without a number, follows the plan again. A
    request that `overrules` the plan holds until the measure that it overrules is over. One that
    repeats the request in force changes nothing.
    """
    hand: ManualRequest | None = request
    if overrules(request, asked):
        hand = replace(request, over=asked.measure_id)
    elif _follows(request) or request.status == "open":
        hand = None
    if _choice(hand) == _choice(venue.hand):
        return Step(venue)
    return _settled(replace(venue, hand=hand), asked, (), now, said=request)


def capacity_told(venue: Venue, capacity: int, asked: Asked, now: datetime) -> Step:
    """A venue of another capacity: a limit by percentage changes with it."""
    return _settled(replace(venue, capacity=capacity), asked, (), now)


def _settled(
    venue: Venue,
    asked: Asked,
    because: tuple[Cause, ...],
    now: datetime,
    *,
    said: ManualRequest | None = None,
) -> Step:
    hand = venue.hand
    if hand and hand.over and hand.over != asked.measure_id:
        hand = None
    by_plan = hand is None or (hand.over is None and overrules(hand, asked))
    stands: Asked | ManualRequest = asked if by_plan or hand is None else hand
    new = replace(venue, hand=hand, measure_id=asked.measure_id if by_plan else None)
    if (stands.status, stands.limit) != (venue.status, venue.limit):
        standing = asked.measure.because if asked.measure else because
        new = replace(
            new,
            status=stands.status,
            limit=stands.limit,
            since=now,
            because=standing if by_plan else (),
        )
    elif said is None:
        # What a person decides is told even when the doors stay as they were.
        return Step(new)
    ended = venue.measure_id if because else None
    over = new.hand.over if new.hand else None
    facts = {"occurred_at": now, "because": because, "measure_id": new.measure_id or over or ended}
    return Step(new, (_event(new, facts, said),))


def _event(venue: Venue, facts: dict[str, Any], said: ManualRequest | None) -> Event:
    facts = {**facts, "area": venue.area, "venue_id": venue.id, "kind": venue.kind}
    if said:
        facts |= {"reason": said.reason, "by": said.by}
    if venue.status == "closed":
        return VenueClosed(**facts)
    if venue.status == "limited":
        return VenueLimited(**facts, limit=venue.limit)
    return VenueOpened(**facts)


def _follows(request: ManualRequest) -> bool:
    return request.status == "limited" and request.limit is None


def _choice(hand: ManualRequest | None) -> tuple[VenueStatus, int | None, str | None] | None:
    return (hand.status, hand.limit, hand.over) if hand else None


def _people(state: Asked | ManualRequest) -> int:
    """How many people a state lets in."""
    if state.status == "closed":
        return 0
    return UNLIMITED if state.limit is None else state.limit
