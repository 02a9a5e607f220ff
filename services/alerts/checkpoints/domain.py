"""Who comes and goes (进出管理): checkpoints, and sealing, which only an order imposes. D3."""

from datetime import datetime

from shared.events.alerts.checkpoints import (
    CheckpointCheck,
    CheckpointClosed,
    CheckpointOpened,
    GateEvent,
    SealingImposed,
    SealingLifted,
    SealingProposed,
)
from shared.events.alerts.orders import Order
from shared.events.base import Cause


def opened(
    area: str,
    measure_id: str,
    response_id: str | None,
    checks: tuple[CheckpointCheck, ...],
    because: tuple[Cause, ...],
    now: datetime,
) -> CheckpointOpened:
    """A checkpoint opens, by the plan."""
    return CheckpointOpened(
        area=area,
        occurred_at=now,
        because=because,
        measure_id=measure_id,
        response_id=response_id,
        checks=checks,
    )


def closed(
    area: str,
    measure_id: str,
    response_id: str | None,
    checks: tuple[CheckpointCheck, ...],
    because: tuple[Cause, ...],
    now: datetime,
) -> CheckpointClosed:
    """A checkpoint closes; `checks` are those that were made there."""
    return CheckpointClosed(
        area=area,
        occurred_at=now,
        because=because,
        measure_id=measure_id,
        response_id=response_id,
        checks=checks,
    )


def sealing_proposed(
    area: str,
    measure_id: str,
    response_id: str | None,
    because: tuple[Cause, ...],
    now: datetime,
) -> SealingProposed:
    """The plan asks the command to seal an area (按照当地党委和政府部署) [PREC21]."""
    return SealingProposed(
        area=area,
        occurred_at=now,
        because=because,
        measure_id=measure_id,
        response_id=response_id,
    )


def sealing_ordered(
    kind: type[SealingImposed] | type[SealingLifted],
    area: str,
    measure_id: str,
    checks: tuple[CheckpointCheck, ...],
    because: tuple[Cause, ...],
    order: Order,
    now: datetime,
) -> GateEvent:
    """Sealed management is imposed or lifted by the command's order."""
    return kind(
        area=area,
        occurred_at=now,
        because=because,
        measure_id=measure_id,
        checks=checks,
        order=order,
    )
