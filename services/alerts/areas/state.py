"""An area as it stands: level, situation, service plan, measures, and orders still to come. A4."""

from typing import Any

from sqlalchemy.orm import Session

from services.alerts.measures.listing import listed
from services.alerts.risk.levels import in_force
from services.alerts.risk.orders import scheduled
from services.alerts.risk.situations import situation_of
from services.alerts.service_plans.in_force import service_plan
from shared.site import Site


def area_state(session: Session, site: Site, area: str) -> dict[str, Any]:
    """What `GET /alerts/areas/{code}` answers.

    `policy` is the pack that made the level in force, the present one while none was ever made;
    `policy_line` is the line of it.
    """
    found = in_force(session, area)
    return {
        "area": area,
        "name": site.areas.name(area),
        "full_name": site.areas.full_name(area),
        "risk_level": found.level,
        "own_level": found.own_level,
        "situation": situation_of(session, area),
        "since": found.since,
        "policy": found.policy.partition("#")[0] if found.policy else site.pack().name,
        "policy_line": found.policy,
        "service_plan": service_plan(session, site, area),
        "measures": listed(session, site, area),
        "scheduled": scheduled(session, area),
    }
