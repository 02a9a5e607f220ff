"""The rules of requests for help (求助): their states, their deadlines, what is told. V1, V7."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from shared.areas.tree import level_of, parent_of
from shared.events.vocabulary import AreaLevel, RequestKind
from shared.events.volunteers.helpers import StandDownReason
from shared.events.volunteers.requests import RequestStatus
from shared.policy.requests import Requests

Step = Literal["match", "start", "complete", "cancel", "grant"]

LIVE: Final[tuple[RequestStatus, ...]] = ("open", "matched", "started")
# A coordinator may give a matched request to someone else; a helper may forget to say "started".
ALLOWED: Final[Mapping[Step, tuple[RequestStatus, ...]]] = {
    "match": ("open", "matched"),
    "start": ("matched",),
    "complete": ("matched", "started"),
    "cancel": LIVE,
    "grant": ("matched", "started"),
}
PRIVATE_KIND: Final = "psychological"
# Who rests still finishes what they began; who may be ill must not go on (暂停服务). V3
ILL: Final[tuple[StandDownReason, ...]] = ("fever", "observation")


class Request(Protocol):
    """A request as other features see it: to be read, and handed back to this one's functions."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def area(self) -> str:
        """Where help is wanted."""
        ...

    @property
    def kind(self) -> RequestKind:
        """Which help is wanted."""
        ...

    @property
    def status(self) -> RequestStatus:
        """How far it has come."""
        ...

    @property
    def person_id(self) -> str | None:
        """Who is to be helped, when they are registered."""
        ...

    @property
    def helper_id(self) -> str | None:
        """Who helps, once matched."""
        ...

    @property
    def due_at(self) -> datetime:
        """By when help is wanted."""
        ...

    @property
    def episode(self) -> str | None:
        """The event of the service plan that made it; None when a person did."""
        ...

    @property
    def withdrawn(self) -> bool:
        """Whether its plan took it back."""
        ...

    @property
    def ended_at(self) -> datetime | None:
        """When it was completed or cancelled."""
        ...


def allows(step: Step, status: str) -> bool:
    """Whether a request of this status may take the step."""
    return status in ALLOWED[step]


def given_up(reason: StandDownReason) -> tuple[RequestStatus, ...]:
    """The statuses of the requests that a helper who stands down for this reason gives up. V3."""
    return ("matched", "started") if reason in ILL else ("matched",)


def is_past(asked: datetime | None, now: datetime) -> bool:
    """Whether help is asked for by a time that has passed: nobody could give it."""
    return asked is not None and asked < now


def due_at(kind: RequestKind, asked: datetime | None, now: datetime, rules: Requests) -> datetime:
    """When a request is due: as asked, else after the pack's hours for its kind (chosen)."""
    return asked or now + timedelta(hours=rules.due_hours[kind])


def climbs_at(due: datetime, rules: Requests) -> datetime:
    """When a request that nobody has begun climbs to the level above (chosen). V2."""
    return due - timedelta(minutes=rules.escalate_minutes_before_due)


def climbs(status: str, escalated_at: datetime | None) -> bool:
    """Whether a request whose time has come still has nobody at work, and has not climbed yet."""
    return status in ("open", "matched") and escalated_at is None


def level_above(area: str) -> AreaLevel:
    """The level that a request of this area climbs to (逐级上报); a province has none above."""
    return level_of(parent_of(area) or area).value


def person_told(kind: str, person_id: str | None) -> str | None:
    """The person that events name: nobody where only those who help may know (心理援助). V7."""
    return None if kind == PRIVATE_KIND else person_id
