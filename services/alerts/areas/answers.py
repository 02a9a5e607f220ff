"""What the routes of areas answer. A4, P6."""

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime

from services.alerts.measures.answers import Measure
from shared.events.alerts.activities import ActivityKind
from shared.events.alerts.measures import MeasureKind
from shared.events.alerts.service_plans import ServicePlan
from shared.events.alerts.venues import VenueKind
from shared.events.base import AreaCode, Id
from shared.events.vocabulary import Level, Situation
from shared.http.answers import Answered


class ScheduledOrder(Answered):
    """An order of a level whose hour has not come."""

    id: Id
    level: Level
    reason: str
    issuer: str | None
    document: str | None
    effective_at: AwareDatetime
    until: AwareDatetime | None


class Area(Answered):
    """An area as it stands.

    `policy` is the pack that made the level in force, the present one while none was ever made;
    `policy_line` is the line of it.
    """

    area: AreaCode
    name: str
    full_name: str
    risk_level: Level
    own_level: Level
    situation: Situation
    since: AwareDatetime | None
    policy: str
    policy_line: str | None
    service_plan: ServicePlan
    measures: list[Measure]
    scheduled: list[ScheduledOrder]


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
