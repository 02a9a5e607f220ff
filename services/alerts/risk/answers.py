"""What the routes of proposed levels answer. A4."""

from typing import Literal

from pydantic import AwareDatetime

from shared.events.alerts.risk import LevelReason
from shared.events.base import AreaCode, Cause, Id
from shared.events.vocabulary import Level
from shared.http.answers import Answered

ProposalStatus = Literal["open", "accepted", "declined", "superseded", "withdrawn"]


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
