"""Gauges of checkpoints (卡点). D3."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from services.alerts.measures.rows import count_in_force
from shared.runtime.service import AreaGauge
from shared.site import Site


def _open(session: Session, _site: Site) -> Mapping[str, float]:
    return count_in_force(session, "checkpoint")


CHECKPOINTS_OPEN = AreaGauge(
    "bulwark_checkpoints_open", "Checkpoints that are open, by community", _open
)
