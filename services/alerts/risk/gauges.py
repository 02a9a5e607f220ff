"""Gauges of risk levels (风险等级). A4."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from services.alerts.risk.levels import level_in_force, own_levels
from shared.areas.tree import UnknownArea
from shared.events.base import COMMUNITY_DIGITS
from shared.events.vocabulary import LEVELS
from shared.runtime.service import AreaGauge
from shared.site import Site


def _levels(session: Session, site: Site) -> Mapping[str, float]:
    own = own_levels(session, "")
    communities: set[str] = set()
    for area in own:
        if len(area) < COMMUNITY_DIGITS:
            try:
                communities.update(site.areas.communities(area))
            except UnknownArea:
                continue
        else:
            communities.add(area[:COMMUNITY_DIGITS])
    found = {area: LEVELS.index(level_in_force(own, area)) for area in sorted(communities)}
    return {area: level for area, level in found.items() if level}


RISK_LEVEL = AreaGauge(
    "bulwark_risk_level",
    "Level in force by community: 1 medium, 2 high; low ones are not told of",
    _levels,
)
