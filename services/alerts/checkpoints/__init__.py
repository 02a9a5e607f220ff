"""Checkpoints and sealing (卡点与封闭管理): who comes and goes. D3."""

from services.alerts.checkpoints import api, gauges
from services.alerts.checkpoints.effects import EFFECTS
from shared.events.alerts.checkpoints import (
    CheckpointClosed,
    CheckpointOpened,
    SealingImposed,
    SealingLifted,
    SealingProposed,
)
from shared.runtime.feature import Feature

__all__ = ["EFFECTS", "FEATURE"]

FEATURE = Feature(
    package=__name__,
    emits=(CheckpointOpened, CheckpointClosed, SealingProposed, SealingImposed, SealingLifted),
    routes=(api.routes,),
    gauges=(gauges.CHECKPOINTS_OPEN,),
)
