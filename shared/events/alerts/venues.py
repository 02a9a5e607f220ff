"""Venues where people gather (公共活动场所). D6."""

from typing import ClassVar, Literal, get_args

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example, Id
from shared.events.vocabulary import Actor, Count, Text, name_vocabularies

VenueKind = Literal[
    "library",
    "activity_room",
    "mahjong_room",
    "day_care",
    "meeting_room",
    "market",
    "business",
    "other",
]
VenueStatus = Literal["open", "limited", "closed"]
BusinessAnswer = Literal["suspended", "agreed", "refused", "absent"]
VENUE_KINDS: tuple[VenueKind, ...] = get_args(VenueKind)

name_vocabularies(venue_kind=VenueKind, venue_status=VenueStatus, business_answer=BusinessAnswer)


class VenueEvent(AlertsEvent):
    """A venue where people gather (公共活动场所), by a measure or by hand. D6 [MCA9, PREC21].

    `reason` and `by` are there when a person decided it.
    """

    key: ClassVar[tuple[str, ...]] = ("venue_id",)
    about: ClassVar[tuple[str, ...]] = ("venue_id", "measure_id")
    venue_id: Id
    kind: VenueKind
    measure_id: Id | None = None
    reason: Text | None = None
    by: Actor | None = None


class VenueClosed(VenueEvent):
    """A venue was closed (暂停开放). D6."""

    example: ClassVar[Example] = {
        "kind": "library",
        "measure_id": None,
        "reason": "消防检修",
        "by": "lead-01",
    }


class VenueLimited(VenueEvent):
    """A venue is open to `limit` people at once (流量限制). D6."""

    example: ClassVar[Example] = {"kind": "library", "limit": 20}

    limit: Count


class VenueOpened(VenueEvent):
    """A venue is open without a limit (恢复开放). D6."""

    example: ClassVar[Example] = {"kind": "library"}


class BusinessVisited(VenueEvent):
    """A business was asked to suspend (劝导暂停营业). D6 [MCA9]."""

    published = False
    key = ("venue_id", "occurred_at")
    example: ClassVar[Example] = {
        "kind": "business",
        "measure_id": None,
        "by": "clinic-01",
        "outcome": "agreed",
    }
    outcome: BusinessAnswer | None = None
