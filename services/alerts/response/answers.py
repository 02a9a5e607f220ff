"""What the routes of the response answer. P6, A4."""

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime

from shared.events.alerts.activities import ActivityKind
from shared.events.alerts.measures import MeasureKind
from shared.events.alerts.venues import VenueKind
from shared.events.base import AreaCode, Cause, Id
from shared.events.vocabulary import Level
from shared.http.answers import Answered


class Measure(Answered):
    """A measure (防控措施); above the community `communities` says in how many it is in force.

    `always_pass` is there for gates: who passes whatever is ordered.
    """

    id: Id
    kind: MeasureKind
    status: Literal["active", "ended", "proposed"]
    since: AwareDatetime
    ended_at: AwareDatetime | None
    area: AreaCode
    because: list[Cause]
    line: str | None
    source: Literal["plan", "manual"]
    response_id: Id | None
    parameters: dict[str, Any]
    always_pass: tuple[str, ...] = ()
    communities: int | None = None


class MeasureChange(Answered):
    """A measure that an order would start, change or end."""

    area: AreaCode
    kind: MeasureKind
    change: Literal["start", "change", "end"]
    parameters: dict[str, Any]
    line: str | None


class Total(Answered):
    """How many measures of a kind would start, change or end."""

    start: int
    change: int
    end: int


class ElectionChange(Answered):
    """An election that would be paused or resumed."""

    id: Id
    area: AreaCode
    change: Literal["paused", "resumed"]
    polling_on: date | None


class VenueChange(Answered):
    """A venue that would be closed, limited or opened."""

    id: Id
    area: AreaCode
    kind: VenueKind
    change: Literal["closed", "limited", "opened"]
    limit: int | None


class ActivityChange(Answered):
    """An activity that would be called off."""

    id: Id
    area: AreaCode
    kind: ActivityKind
    change: Literal["called_off"]
    people: int
    starts_at: AwareDatetime


class Preview(Answered):
    """What ordering a level would do (预演); `totals` counts the measures by kind."""

    area: AreaCode
    level: Level
    measures: list[MeasureChange]
    totals: dict[MeasureKind, Total]
    elections: list[ElectionChange]
    venues: list[VenueChange]
    activities: list[ActivityChange]
