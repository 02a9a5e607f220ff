"""What the routes of areas, levels and proposals answer. A3, A4."""

from typing import Literal

from pydantic import AwareDatetime

from services.alerts.response.answers import Measure
from shared.events.alerts.risk import LevelReason
from shared.events.alerts.service_plans import ServicePlan
from shared.events.base import AreaCode, Cause, Id
from shared.events.vocabulary import Level, Situation
from shared.http.answers import Answered

ProposalStatus = Literal["open", "accepted", "declined", "superseded", "withdrawn"]


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


class Proposal(Answered):
    """A proposed level (风险等级建议); `id` and `proposal_id` are the same."""

    id: Id
    proposal_id: Id
    area: AreaCode
    previous: Level
    level: Level
    reason: LevelReason
    evidence: list[str]
    policy: str
    status: ProposalStatus
    proposed_at: AwareDatetime
    decided_by: str | None
    decided_at: AwareDatetime | None
    decision: str | None
    because: list[Cause]
