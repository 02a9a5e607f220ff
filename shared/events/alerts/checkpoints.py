"""Checkpoints and sealed management (卡点, 封闭管理). D3."""

from typing import ClassVar, Literal

from shared.events.alerts.measures import MeasureEvent
from shared.events.alerts.orders import Order
from shared.events.base import Example
from shared.events.vocabulary import name_vocabularies

CheckpointCheck = Literal["temperature", "health_code", "registration", "travel_history"]

name_vocabularies(checkpoint_check=CheckpointCheck)


class GateEvent(MeasureEvent):
    """Who comes and goes, and what is looked at (进出管理). D3 [PREC21]."""

    example: ClassVar[Example] = {"checks": ["temperature", "health_code", "registration"]}

    checks: tuple[CheckpointCheck, ...] = ()


class CheckpointOpened(GateEvent):
    """A checkpoint was opened (设置进出卡点). D3."""


class CheckpointClosed(GateEvent):
    """A checkpoint was closed (撤销进出卡点). D3."""


class SealingProposed(GateEvent):
    """Sealed management is proposed to the command (建议封闭管理). D3."""


class SealingImposed(GateEvent):
    """Sealed management was ordered (实行封闭管理); rescue vehicles always pass. D3 [FEB16]."""

    example: ClassVar[Example] = {"order": {"text": "自1月18日20时起封闭管理"}}

    order: Order | None = None


class SealingLifted(GateEvent):
    """Sealed management was lifted (解除封闭管理). D3."""

    example: ClassVar[Example] = {"order": {"text": "自2月1日8时起解除封闭管理"}}

    order: Order | None = None
