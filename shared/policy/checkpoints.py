"""Checkpoints, sealing and duty in a policy pack (卡点、封闭管理、值守). D3."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.alerts.checkpoints import CheckpointCheck
from shared.policy.measure import UNION, Measure


class Checkpoint(Measure):
    """进出卡点: what is checked at the entrance [PREC21]."""

    checks: Annotated[tuple[CheckpointCheck, ...], Field(min_length=1), UNION]


class Sealing(Measure):
    """封闭管理: a pack can only propose it; an order imposes it [MCA9, PREC21]."""

    proposed: Literal[True]


class DutyDayAndNight(Measure):
    """全天候有人值守 [PREC21]."""
