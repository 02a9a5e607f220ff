"""Alerts (预警与响应): decides what is found, which level is in force, and what follows from it."""

from pathlib import Path

from services.alerts import (
    activities,
    areas,
    checkpoints,
    elections,
    fevers,
    measures,
    notices,
    response,
    risk,
    sanitation,
    service_plans,
    venues,
)
from services.alerts.schema import Table
from shared.http.explain import why_routes
from shared.runtime.feature import service

# In the order in which they react: a level is made, its response starts and ends measures, and
# then what stands under these measures follows.
FEATURES = (
    fevers.FEATURE,
    risk.FEATURE,
    measures.FEATURE,
    response.feature(
        {
            **checkpoints.EFFECTS,
            **service_plans.EFFECTS,
            **sanitation.EFFECTS,
            **notices.EFFECTS,
        }
    ),
    checkpoints.FEATURE,
    service_plans.FEATURE,
    sanitation.FEATURE,
    notices.FEATURE,
    elections.FEATURE,
    venues.FEATURE,
    activities.FEATURE,
    areas.FEATURE,
)

SERVICE = service(
    "alerts",
    FEATURES,
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    listens_to=("intake",),
    routes=(why_routes("/alerts", area_of=venues.area_of),),
)
